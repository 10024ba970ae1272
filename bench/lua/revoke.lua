-- A token is granted, then revoked by its app. Arguments: file of lines "authorization<TAB>body", token path, revoke path.
dofile("bench/lua/outcome.lua")
local granted = {}
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
  elseif status ~= 200 then fail(status, body) end
end
