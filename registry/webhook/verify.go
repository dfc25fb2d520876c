package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
)

// signatureHeader holds sha256=HEX, the HMAC-SHA256 of the body.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
const signatureHeader = "X-Hub-Signature-256"

// admits tells whether the sender has shown who it is, as far as that can be known
// without the body.
func (r *Receiver) admits(req *http.Request, query url.Values) bool {
	want := r.c.Secret.Reveal()
	switch r.c.Auth {
	case HMAC:
		_, ok := signature(req.Header)
		return ok
	case Token:
		got := req.Header.Get("Authorization")
		if scheme, token, found := strings.Cut(got, " "); found && strings.EqualFold(scheme, "Bearer") && same(token, want) {
			return true
		}
		return same(got, want)
	case Basic:
		username, password, ok := req.BasicAuth()
		// Both are compared, whatever becomes of the first.
		sameUser, samePassword := same(username, r.c.Username), same(password, want)
		return ok && sameUser && samePassword
	case Query:
		return same(query.Get("token"), want)
	}
	return false
}

// same compares in a time that says nothing of either text, nor of their lengths.
func same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// signed checks the signature of the body.
func (r *Receiver) signed(header http.Header, body []byte) bool {
	got, ok := signature(header)
	mac := hmac.New(sha256.New, []byte(r.c.Secret.Reveal()))
	mac.Write(body)
	return ok && hmac.Equal(got, mac.Sum(nil))
}

func signature(header http.Header) ([]byte, bool) {
	text, found := strings.CutPrefix(header.Get(signatureHeader), "sha256=")
	sum, err := hex.DecodeString(text)
	return sum, found && err == nil && len(sum) == sha256.Size
}

func (r *Receiver) unauthorized(w http.ResponseWriter) answer {
	text := "no valid signature"
	switch r.c.Auth {
	case Token:
		w.Header().Set("WWW-Authenticate", `Bearer realm="towline"`)
		text = "no valid token"
	case Basic:
		w.Header().Set("WWW-Authenticate", `Basic realm="towline"`)
		text = "no valid user name and password"
	case Query:
		text = "no valid token in the address"
	}
	return answer{Unauthorized, http.StatusUnauthorized, text}
}
