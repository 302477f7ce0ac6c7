# Times what Plug.Session.ETS does for a `get`, by itself: a lookup, and the timestamp moved to now.
#
#     elixir session-ets/benches/plug.exs
#
# Does so in turn with `cargo bench -p session-ets --bench ets -- --quick`, which stores as many sessions and asks for
# them in the order in which they came, as this does. Prints nanoseconds for each get, of all processes together, as the
# best of many rounds, since what disturbs a round only ever makes it longer; and `ratio get_over_plug`, the table's time
# over Plug's, by one thread and one process.

defmodule Get do
  @gets 25_000
  @rounds 40

  # The table that Plug's page asks for, with ids as Plug draws them and about 200 bytes of session.
  def fill(sessions) do
    table = :ets.new(:session, [:named_table, :public, read_concurrency: true])

    ids =
      for number <- 1..sessions do
        id = Base.encode64(:crypto.strong_rand_bytes(96))
        data = %{"user" => number, "data" => :binary.copy("x", 150)}
        true = :ets.insert_new(table, {id, data, :os.timestamp()})
        id
      end

    # A process that is handed the ids copies them all, which would be timed with the reads.
    :persistent_term.put(:ids, List.to_tuple(ids))
    table
  end

  def get(table, id) do
    case :ets.lookup(table, id) do
      [{_, data, _}] ->
        :ets.update_element(table, id, {3, :os.timestamp()})
        {id, data}

      [] ->
        {nil, %{}}
    end
  end

  # Each process reads sessions of its own.
  def time(table, processes) do
    for round <- 1..@rounds, reduce: :infinity do
      best -> min(best, round(table, round, processes))
    end
  end

  defp round(table, round, processes) do
    start = :erlang.monotonic_time(:nanosecond)

    1..processes
    |> Enum.map(fn process ->
      Task.async(fn ->
        read(table, :persistent_term.get(:ids), (round * processes + process) * @gets, @gets)
      end)
    end)
    |> Task.await_many(:infinity)

    (:erlang.monotonic_time(:nanosecond) - start) / (processes * @gets)
  end

  defp read(_, _, _, 0), do: :ok

  defp read(table, ids, at, left) do
    id = elem(ids, rem(at, tuple_size(ids)))
    {^id, _} = get(table, id)
    read(table, ids, at + 1, left - 1)
  end
end

sessions = 100_000
table = Get.fill(sessions)
# Once over everything, so that no round pays for cold code.
Get.time(table, 1)

ours = fn ->
  {printed, 0} = System.cmd("cargo", ~w(bench -q -p session-ets --bench ets -- --quick))
  [_, nanoseconds] = Regex.run(~r/^get +store +([0-9.]+) ns/m, printed)
  String.to_float(nanoseconds)
end

{plug, ours} = Enum.unzip(for _ <- 1..3, do: {Get.time(table, 1), ours.()})
{plug, ours} = {Enum.min(plug), Enum.min(ours)}
IO.puts("plug get, #{sessions} sessions, 1 process: #{round(plug)} ns each")
IO.puts("plug get, #{sessions} sessions, 4 processes: #{round(Get.time(table, 4))} ns each")
IO.puts("our get, #{sessions} sessions, 1 thread: #{round(ours)} ns each")
IO.puts("ratio get_over_plug #{Float.round(ours / plug, 2)}")
