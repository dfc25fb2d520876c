package webhook

import (
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/towline-dev/towline/gitwriter/command"
)

// decode reads a JSON object. A field of another type than was thought is left out: the
// forges' shapes grow, and differ between events. What the standard library says of a
// mistake may quote the body, so it isn't passed on.
func decode(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if mistyped, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && mistyped.Field != "" {
		return nil
	}
	if err != nil {
		return errShape
	}
	return nil
}

// commands tells whether one of these texts, what a comment says and what it said before,
// has a command.
func commands(texts ...string) bool {
	for _, text := range texts {
		if len(command.Parse(text)) > 0 {
			return true
		}
	}
	return false
}

// dashboard tells whether one of these texts may be a dashboard's, by the comments that
// are hidden in it.
func dashboard(texts ...string) bool {
	for _, text := range texts {
		if strings.Contains(text, "<!-- towline") {
			return true
		}
	}
	return false
}

// branchOf gives the branch of a reference.
func branchOf(ref string) (string, bool) { return strings.CutPrefix(ref, "refs/heads/") }

// place gives host and path of the first address that has both.
func place(addresses ...string) string {
	for _, address := range addresses {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" {
			continue
		}
		if path := strings.TrimSuffix(strings.Trim(u.Path, "/"), ".git"); path != "" {
			return strings.ToLower(u.Host) + "/" + path
		}
	}
	return ""
}
