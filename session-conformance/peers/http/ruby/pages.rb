# The routes that the HTTP suite asks for, over whatever session a peer has.

require "json"
require "uri"
require_relative "rig"

# The app. What a peer's session is to it: [] and []= and delete, has, log_in, log_out, renew, remember.
class Pages
  OURS = %w[user visits count cart flash].freeze
  TARGETED = %w[CDN-Cache-Control Surrogate-Control Cloudflare-CDN-Cache-Control].freeze
  ROUTES = {
    "/" => %w[GET], "/login" => %w[POST], "/logout" => %w[POST], "/cart/empty" => %w[POST],
    "/count" => %w[GET POST], "/second" => %w[POST], "/sessions" => %w[GET], "/sessions/end-others" => %w[POST],
    "/untouched" => %w[GET], "/test/clock" => %w[POST], "/test/store" => %w[GET POST], "/test/gate" => %w[GET POST]
  }.freeze

  attr_reader :rig

  def initialize
    @rig = Rig.new
  end

  # Answers a request as Rack does: status, headers, pieces of a body.
  def answer(method, path, query, form, session)
    method = "GET" if method == "HEAD"
    query = URI.decode_www_form(query).to_h
    return steps(query.fetch("steps", ""), session) if path == "/test/do"
    return refused(404, "There is no such page.") unless ROUTES.key?(path)
    return refused(405, "No.") unless ROUTES[path].include?(method)
    return test("#{method} #{path}", query) if path.start_with?("/test/")

    page("#{method} #{path}", URI.decode_www_form(form).to_h, session)
  rescue LeftOut => e
    refused(501, "left out: #{e.message}")
  end

  private

  def json(value, status = 200, headers = {})
    [status, { "Content-Type" => "application/json" }.merge(headers), [JSON.generate(value)]]
  end

  def refused(status, text)
    json({ error: text }, status)
  end

  def page(route, form, session)
    case route
    when "GET /" then json(home(session))
    when "GET /untouched" then json({}, 200, "Cache-Control" => "public, max-age=60")
    when "POST /login"
      session.log_in(form["name"])
      tell(session, "Welcome.")
      json({ user: form["name"] })
    when "POST /logout"
      session.log_out
      tell(session, "See you.")
      json({})
    when "POST /cart/empty"
      session.delete("cart")
      json({})
    when "GET /count" then json({ count: session["count"] || 0 })
    when "POST /count" then json({ count: add(session) })
    when "GET /sessions" then session["user"] ? json([{ current: true }]) : refused(401, "Nobody is signed in.")
    when "POST /sessions/end-others" then raise LeftOut, "it knows no list of a user's sessions"
    else raise LeftOut, "it has one kind of sessions"
    end
  end

  def test(route, query)
    case route
    when "POST /test/clock" then @rig.advance(query["advance_ms"].to_i)
    when "POST /test/store" then @rig.store = query["state"]
    when "GET /test/store" then return json(@rig.calls)
    when "POST /test/gate" then @rig.open(query["name"])
    else
      came = @rig.held?(query["name"], query.fetch("held", 1).to_i)
      return refused(504, "nobody came to the gate") unless came
    end
    json({})
  end

  def steps(steps, session)
    more = {}
    status = 200
    headers = {}
    body = nil
    loaded = false
    steps.split(",").reject(&:empty?).each do |step|
      name, value = step.split(":", 2)
      case name
      when "has" then session.has
      when "hold" then @rig.pass(value)
      when "fail" then return refused(500, "As you wish.")
      when "panic" then raise "a test asked for it"
      when "redirect"
        status = 303
        headers["Location"] = "/"
      when "not-modified" then status = 304
      when "public" then headers["Cache-Control"] = "public, max-age=60, s-maxage=600"
      when "targeted" then TARGETED.each { |header| headers[header] = "max-age=600" }
      when "stream" then body = pieces(value)
      else
        loaded = true
        with_session(session, name, value, more)
      end
    end
    more["count"] = session["count"] || 0 if loaded
    answer = json(more, status, headers)
    answer[2] = body if body
    answer = [304, headers, []] if status == 304
    answer
  end

  # Does a step that needs the session, and adds what it has to tell.
  def with_session(session, step, value, more)
    case step
    when "read" then session["count"]
    when "add" then add(session)
    when "renew" then session.renew
    when "login" then session.log_in(value)
    when "end" then session.log_out
    when "tell" then tell(session, "As you wish.")
    when "messages" then more["flash"] = messages(session)
    when "take" then session.delete("count")
    when "remember" then session.remember
    when "commit" then raise LeftOut, "it writes at the end of a request alone"
    when "wrong" then raise LeftOut, "its values have no type that a reader could get wrong"
    when "fresh" then raise LeftOut, "it does not know when a visitor proved who they are"
    else raise "There is no step #{step}."
    end
  end

  def pieces(gate)
    Enumerator.new do |body|
      body << "the first piece\n"
      @rig.pass(gate)
      body << "the second piece\n"
    end
  end

  def add(session)
    session["count"] = (session["count"] || 0) + 1
  end

  def tell(session, text)
    session["flash"] = (session["flash"] || []) + [text]
  end

  def messages(session)
    flash = session["flash"]
    session.delete("flash") if flash
    flash || []
  end

  def home(session)
    # A visitor without a session is given none.
    some = OURS.any? { |key| session[key] }
    flash = messages(session)
    visits = session["visits"] || 0
    session["visits"] = visits += 1 if some
    { user: session["user"], visits: visits, cart: [], flash: flash }
  end
end
