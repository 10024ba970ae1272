-- Refresh chains: each reply's refresh token is presented next. With a third argument (a path), the new access token is
-- used there once before the next refresh. Lines "authorization<TAB>refresh token".
dofile("bench/lua/outcome.lua")
local waiting, uses = {}, {}
local token_path, use_path

function init(args)
  token_path, use_path = args[2], args[3]
  for line in io.lines(args[1]) do
    local authorization, token = line:match("^(.-)\t(.*)$")
    waiting[#waiting + 1] = { authorization, token }
  end
end

local function refresh(pair)
  return wrk.format("POST", token_path, {
    ["Authorization"] = pair[1],
    ["Content-Type"] = "application/x-www-form-urlencoded",
  }, "grant_type=refresh_token&refresh_token=" .. pair[2])
end

-- wrk does not say which request a reply answers, so all chains belong to one app.
local authorization
function request()
  local use = table.remove(uses, 1)
  if use then return use end
  local pair = table.remove(waiting, 1)
  if pair == nil then return wrk.format("GET", "/", {}) end
  authorization = pair[1]
  return refresh(pair)
end

function response(status, headers, body)
  local token = body:match('"refresh_token": ?"([^"]+)"')
  if token then
    waiting[#waiting + 1] = { authorization, token }
    if use_path then
      local access = body:match('"access_token": ?"([^"]+)"')
      uses[#uses + 1] = wrk.format("GET", use_path, { ["Authorization"] = "Bearer " .. access })
    end
  elseif status ~= 200 then
    fail(status, body)
  end
end
