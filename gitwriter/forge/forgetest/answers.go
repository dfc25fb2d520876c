package forgetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// object is a JSON object as it goes out.
type object = map[string]any

// answer is what a route answers with.
type answer struct {
	status int // 0 means 200
	body   any // nil means none
	header http.Header
}

// apiError is a refusal, in the shape of GitHub's.
type apiError struct {
	status  int
	message string
	details []object
	header  http.Header
}

func (e *apiError) Error() string { return fmt.Sprintf("%d %s", e.status, e.message) }

const documentation = "https://docs.github.com/rest"

func (e *apiError) body() object {
	body := object{"message": e.message, "documentation_url": documentation, "status": strconv.Itoa(e.status)}
	if e.details != nil {
		body["errors"] = e.details
	}
	return body
}

func notFound() *apiError { return &apiError{status: http.StatusNotFound, message: "Not Found"} }

// invalid is GitHub's 422. A detail with a field has a code of GitHub's list
// (missing, missing_field, invalid, already_exists), one without has words.
func invalid(details ...object) *apiError {
	return &apiError{status: http.StatusUnprocessableEntity, message: "Validation Failed", details: details}
}

func badField(resource, field, code string) object {
	return object{"resource": resource, "field": field, "code": code}
}

func inWords(resource, message string) object {
	return object{"resource": resource, "code": "custom", "message": message}
}

// writeJSON sends an answer as a whole, so that its length is told and a cut-off
// one can be known for what it is.
func writeJSON(w http.ResponseWriter, a answer) {
	for key, values := range a.header {
		w.Header()[key] = values
	}
	status := a.status
	if status == 0 {
		status = http.StatusOK
	}
	if a.body == nil {
		w.WriteHeader(status)
		return
	}
	data, err := json.Marshal(a.body)
	if err != nil {
		http.Error(w, "encoding the answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	_, _ = w.Write(data)
}
