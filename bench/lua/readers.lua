-- Calls with one bearer token after the other. Arguments: file of lines "token<TAB>", path.
dofile("bench/lua/turns.lua")

function init(args)
  for line in io.lines(args[1]) do
    turns[#turns + 1] = wrk.format("GET", args[2], { ["Authorization"] = "Bearer " .. line:match("^(.-)\t") })
  end
end
