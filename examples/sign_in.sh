#!/bin/sh
# Sign-in with a browser, from a terminal: the code flow with PKCE (RFC 7636), for an app that keeps no secret.
#
#   sh sign_in.sh http://127.0.0.1:8080 CLIENT_ID http://localhost:5000/oauth2callback
#
# Prints the address to open. After you agreed, the browser lands on the redirect URI, where nobody listens: paste its
# address here, and get the tokens.
set -eu
server=$1 client_id=$2 redirect_uri=$3

base64url() { base64 -w0 | tr '+/' '-_' | tr -d '='; }
verifier=$(head -c 32 /dev/urandom | base64url)
challenge=$(printf %s "$verifier" | openssl dgst -sha256 -binary | base64url)
state=$(head -c 16 /dev/urandom | base64url)

printf 'Open: %s/restapi/oauth/authorize?response_type=code&client_id=%s&redirect_uri=%s&state=%s' \
    "$server" "$client_id" "$redirect_uri" "$state" >&2
printf '&code_challenge=%s&code_challenge_method=S256\n' "$challenge" >&2
printf 'Where did the browser land? ' >&2
read -r landed

parameter() { printf %s "$landed" | sed -n "s/.*[?&]$1=\([^&#]*\).*/\1/p"; }
[ "$(parameter state)" = "$state" ] || { printf 'Not the answer to our question: the state differs.\n' >&2; exit 1; }

curl --silent --show-error --fail-with-body "$server/restapi/oauth/token" \
    --data-urlencode grant_type=authorization_code \
    --data-urlencode "client_id=$client_id" \
    --data-urlencode "redirect_uri=$redirect_uri" \
    --data-urlencode "code_verifier=$verifier" \
    --data "code=$(parameter code)"
