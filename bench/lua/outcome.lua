-- What every script counts and says at its end: one line that bench/run.py reads. wrk gives each thread globals of its own.
-- The first failure is told at once.
failed = 0
function fail(status, body)
  if failed == 0 then io.stderr:write("answered ", status, ": ", body or "", "\n") end
  failed = failed + 1
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary, latency)
  local refused = 0
  for _, thread in ipairs(threads) do refused = refused + thread:get("failed") end
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), refused + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
