package webhook

import (
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// refuse answers what needs no body to be refused. The zero answer means that the body
// is to be read.
func (r *Receiver) refuse(w http.ResponseWriter, req *http.Request, query url.Values) answer {
	switch {
	case req.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return answer{Refused, http.StatusMethodNotAllowed, "send a webhook by POST"}
	case !r.admits(req, query):
		return r.unauthorized(w)
	case !isJSON(req.Header.Get("Content-Type")):
		return answer{Refused, http.StatusUnsupportedMediaType, "send JSON (hint: set the webhook's content type to application/json)"}
	case !isPlain(req.Header.Values("Content-Encoding")):
		return answer{Refused, http.StatusUnsupportedMediaType, "send the body as it is, without compression"}
	case req.ContentLength > MaxBody:
		return tooLong()
	}
	return answer{}
}

// isJSON tells whether a media type is JSON, or one that is written in it.
func isJSON(contentType string) bool {
	mediaType, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

func isPlain(encodings []string) bool {
	for _, e := range encodings {
		if e != "" && !strings.EqualFold(e, "identity") {
			return false
		}
	}
	return true
}
