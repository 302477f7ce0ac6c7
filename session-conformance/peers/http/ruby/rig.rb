# What the suite's routes under /test/ need, whatever the peer: gates, a clock to move, a store that fails.

require "monitor"

# The peer has no such thing, for this reason.
class LeftOut < StandardError; end

# Gates, where requests wait, and the state of the store.
class Rig
  # How long a request waits at a gate, or for one there.
  PATIENCE = 30

  attr_reader :calls

  def initialize
    @monitor = Monitor.new
    @changed = @monitor.new_cond
    @held = Hash.new(0)
    @open = {}
    @store = "up"
    @calls = { get: 0, put: 0, touch: 0 }
  end

  # Counts a call of the store, and lets it fail or wait as the store's state says.
  def called(verb)
    change { @calls[verb] += 1 }
    wait_until { @store != "slow" }
    raise "the store is down" if @store == "down"
  end

  def store=(state)
    change { @store = state }
  end

  def pass(gate)
    change { @held[gate] += 1 }
    wait_until { @open[gate] }
  end

  def open(gate)
    change { @open[gate] = true }
  end

  # Waits until so many requests are held at a gate, and tells whether they came.
  def held?(gate, requests)
    wait_until { @held[gate] >= requests }
  end

  # Moves the time of this process on: libfaketime reads the file at every look at the clock.
  def advance(by_ms)
    path = ENV["PEER_CLOCK"] or raise LeftOut, "its clock is the system's, and libfaketime is not there to move it"
    File.write("#{path}.new", (Time.now.utc + by_ms / 1000.0).strftime("%F %T\n"))
    File.rename("#{path}.new", path)
  end

  private

  def change
    @monitor.synchronize do
      yield
      @changed.broadcast
    end
  end

  def wait_until
    by = Process.clock_gettime(Process::CLOCK_MONOTONIC) + PATIENCE
    @monitor.synchronize do
      until (came = yield)
        left = by - Process.clock_gettime(Process::CLOCK_MONOTONIC)
        return false if left <= 0
        @changed.wait(left)
      end
      came
    end
  end
end
