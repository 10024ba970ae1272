-- Grants that need nothing of earlier replies: client_credentials and jwt-bearer. The file of lines "authorization<TAB>body"
-- comes as the script's first argument.
dofile("bench/lua/turns.lua")

function init(args)
  for line in io.lines(args[1]) do
    local authorization, body = line:match("^(.-)\t(.*)$")
    turns[#turns + 1] = wrk.format("POST", args[2], {
      ["Authorization"] = authorization,
      ["Content-Type"] = "application/x-www-form-urlencoded",
    }, body)
  end
end
