-- One request again and again: a GET with a bearer token (arguments: path, token), or a POST of a form (path, authorization, body).
dofile("bench/lua/outcome.lua")
local bytes

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

function response(status, headers, body)
  if status ~= 200 then fail(status, body) end
end
