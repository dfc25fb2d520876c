package webhook

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/towline-dev/towline/internal/hook"
)

// known tells whether the sender has shown who it is, as far as that can be known
// without the body.
func (r *Receiver) known(req *http.Request) bool {
	want := r.c.Secret.Reveal()
	switch r.c.Auth {
	case HMAC:
		_, ok := hook.SignatureOf(req.Header)
		return ok
	case Token:
		got := req.Header.Get("Authorization")
		if scheme, token, found := strings.Cut(got, " "); found && strings.EqualFold(scheme, "Bearer") && hook.Same(token, want) {
			return true
		}
		return hook.Same(got, want)
	case Basic:
		username, password, ok := req.BasicAuth()
		// Both are compared, whatever becomes of the first.
		sameUser, samePassword := hook.Same(username, r.c.Username), hook.Same(password, want)
		return ok && sameUser && samePassword
	case Query:
		query, err := url.ParseQuery(req.URL.RawQuery)
		return err == nil && hook.Same(query.Get("token"), want)
	}
	return false
}

// signed checks the signature of the body.
func (r *Receiver) signed(header http.Header, body []byte) bool {
	signature, ok := hook.SignatureOf(header)
	return ok && signature.Of(body, r.c.Secret.Reveal())
}

func (r *Receiver) unauthorized(w http.ResponseWriter) hook.Answer {
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
	return hook.Answer{Result: Unauthorized, Code: http.StatusUnauthorized, Text: text}
}
