package webhook

import (
	"net/http"

	"github.com/towline-dev/towline/internal/hook"
)

// admit answers what needs no body to be refused. The zero answer means that the body
// is to be read.
func (r *Receiver) admit(w http.ResponseWriter, req *http.Request) hook.Answer {
	switch {
	case !r.known(req):
		return r.unauthorized(w)
	case !hook.IsJSON(req.Header):
		return unsupported("send JSON (hint: set the webhook's content type to application/json)")
	case !hook.IsPlain(req.Header):
		return unsupported("send the body as it is, without compression")
	}
	return hook.Answer{}
}

func unsupported(text string) hook.Answer {
	return hook.Answer{Result: Refused, Code: http.StatusUnsupportedMediaType, Text: text}
}
