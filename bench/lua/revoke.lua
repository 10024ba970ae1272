-- A token is granted, then revoked by its app. Arguments: file of lines "authorization<TAB>body", token path, revoke path.
local granted, failed = {}, 0
local authorization, grant, token_path, revoke_path

function init(args)
  token_path, revoke_path = args[2], args[3]
  -- One app: wrk does not say which request a reply answers.
  authorization, grant = io.open(args[1]):read("*l"):match("^(.-)\t(.*)$")
end

local function post(path, body)
  return wrk.format("POST", path, {
    ["Authorization"] = authorization,
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }, body)
end

function request()
  local token = table.remove(granted, 1)
  if token then return post(revoke_path, "token=" .. token) end
  return post(token_path, grant)
end

function response(status, headers, body)
  local token = body:match('"access_token": ?"([^"]+)"')
  if token then granted[#granted + 1] = token
  elseif status ~= 200 then failed = failed + 1; wrk.thread:set("failed", failed) end
end

local threads = {}
function setup(thread) threads[#threads + 1] = thread end
function done(summary, latency)
  local refused = 0
  for _, thread in ipairs(threads) do refused = refused + (thread:get("failed") or 0) end
  io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), refused + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
