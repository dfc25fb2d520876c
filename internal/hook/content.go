package hook

import (
	"mime"
	"net/http"
	"strings"
)

// IsJSON tells whether a request's media type is JSON in UTF-8, or one that is written
// in it.
func IsJSON(header http.Header) bool {
	mediaType, parameters, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil {
		return false
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false
	}
	return mediaType == "application/json" || strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// IsForm tells whether a request's body is written as HTML forms are.
func IsForm(header http.Header) bool {
	mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	return err == nil && mediaType == "application/x-www-form-urlencoded"
}

// IsPlain tells whether a request's body isn't compressed.
func IsPlain(header http.Header) bool {
	for _, e := range header.Values("Content-Encoding") {
		if e != "" && !strings.EqualFold(e, "identity") {
			return false
		}
	}
	return true
}
