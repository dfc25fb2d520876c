package hook

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
)

// Same compares in a time that says nothing of either text, nor of their lengths.
func Same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// A Signature is an HMAC-SHA256 that a request claims for its body; the zero value is
// none, and never right.
type Signature struct{ sum []byte }

// SignatureOf finds the signature in the headers: sha256=HEX in X-Hub-Signature-256, as
// GitHub writes it and Gitea and Forgejo do too, or else HEX in one of the others named.
// A malformed one is none, and isn't made up for by another header.
// https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
func SignatureOf(header http.Header, others ...string) (Signature, bool) {
	const name = "X-Hub-Signature-256"
	text, found := strings.CutPrefix(header.Get(name), "sha256=")
	if header.Get(name) == "" {
		for _, other := range others {
			if text = header.Get(other); text != "" {
				found = true
				break
			}
		}
	}
	sum, err := hex.DecodeString(text)
	if !found || err != nil || len(sum) != sha256.Size {
		return Signature{}, false
	}
	return Signature{sum}, true
}

// Of tells whether the signature is the one of a body by a key. It takes as long for a
// wrong one as for a right one.
func (s Signature) Of(body []byte, key string) bool {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write(body)
	return hmac.Equal(s.sum, mac.Sum(nil))
}
