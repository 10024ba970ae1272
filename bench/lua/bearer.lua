-- One request again and again: a GET with a bearer token (arguments: path, token), or a POST of a form (path, authorization, body).
local bytes, failed = nil, 0

function init(args)
  if args[3] then
    bytes = wrk.format("POST", args[1], {
      ["Authorization"] = args[2],
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }, args[3])
  else
    bytes = wrk.format("GET", args[1], { ["Authorization"] = "Bearer " .. args[2] })
  end
end

function request() return bytes end

function response(status)
  if status ~= 200 then failed = failed + 1; wrk.thread:set("failed", failed) end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary, latency)
  local refused = 0
  for _, thread in ipairs(threads) do refused = refused + (thread:get("failed") or 0) end
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), refused + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
