-- Grants that need nothing of earlier replies: client_credentials and jwt-bearer. The file of lines "authorization<TAB>body"
-- comes as the script's first argument.
local lines, next_line, failed = {}, 0, 0
local path

function init(args)
  for line in io.lines(args[1]) do
    local authorization, body = line:match("^(.-)\t(.*)$")
    lines[#lines + 1] = wrk.format("POST", args[2], {
      ["Authorization"] = authorization,
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }, body)
  end
end

function request()
  next_line = next_line % #lines + 1
  return lines[next_line]
end

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
