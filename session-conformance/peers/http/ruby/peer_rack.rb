# Rack's sessions in memory: Rack::Session::Pool.

require "rack"
require "rack/session/pool"
require "puma"
require "puma/server"
require_relative "pages"

DAY = 24 * 60 * 60

if ARGV == ["version"]
  puts "Rack::Session::Pool of Rack #{Rack.release}"
  exit
end

PAGES = Pages.new

# The store, which fails when a test asks for it.
class Watched < Rack::Session::Pool
  def find_session(req, sid)
    PAGES.rig.called(:get) if sid
    super
  end

  def write_session(req, session_id, new_session, options)
    PAGES.rig.called(:put)
    super
  end

  def delete_session(req, session_id, options)
    PAGES.rig.called(:put)
    super
  end
end

# What the pages do with a session.
class OfRack
  def initialize(request)
    @session = request.session
    @options = request.session_options
  end

  def has
    @session.exists?
  end

  def [](key)
    @session[key]
  end

  def []=(key, value)
    @session[key] = value
  end

  def delete(key)
    @session.delete(key)
  end

  def log_in(name)
    @session.clear unless [nil, name].include?(@session["user"])
    renew
    @session["user"] = name
  end

  def log_out
    @session.destroy
  end

  def renew
    @options[:renew] = true
  end

  def remember
    @options[:expire_after] = DAY
  end
end

development = ENV["SESSION_COOKIE"] == "development"
APP = Rack::Builder.new do
  # What ends TLS before it would say: else no `Secure` cookie is set.
  use(Class.new do
    def initialize(app)
      @app = app
    end

    def call(env)
      env["HTTP_X_FORWARDED_PROTO"] ||= "https"
      @app.call(env)
    end
  end)
  use Watched,
      key: (development ? "" : "__Host-Http-") + ENV.fetch("SESSION_COOKIE_NAME", "rack.session"),
      secure: !development,
      httponly: true,
      same_site: :lax,
      expire_after: ENV["SESSION_LIFETIME"] == "persistent" ? DAY : nil
  run(lambda do |env|
    request = Rack::Request.new(env)
    PAGES.answer(request.request_method, request.path_info, request.query_string, request.body.read, OfRack.new(request))
  end)
end.to_app

server = Puma::Server.new(APP, Puma::Events.new($stderr, $stderr), min_threads: 8, max_threads: 64)
port = server.add_tcp_listener("127.0.0.1", ENV.fetch("PORT", "0").to_i).addr[1]
trap("TERM") { exit!(0) }
$stdout.puts "listening on http://127.0.0.1:#{port}"
$stdout.flush
server.run.join
