package policy

import (
	"fmt"
	"regexp"
	"strings"
)

// checkImage says what is wrong with the name of an image's repository, by the
// grammar of the OCI distribution specification and of Docker's references:
// an optional host with port, then lower-case components.
func checkImage(image string) (message, hint string) {
	quoted := quote(image) + ""
	if image == "" {
		return "is empty", imageHint
	}
	if scheme, rest, ok := strings.Cut(image, "://"); ok {
		return fmt.Sprintf("%s begins with %s", quoted, quote(scheme+"://")), fmt.Sprintf("write %s", quote(rest))
	}
	if name, digest, ok := strings.Cut(image, "@"); ok {
		return fmt.Sprintf("%s holds the digest %s", quoted, quote(digest)), fmt.Sprintf("write %s; the policy chooses", quote(name))
	}
	slash := strings.LastIndexByte(image, '/')
	if colon := strings.LastIndexByte(image, ':'); colon > slash && !isHostPort(image) {
		return fmt.Sprintf("%s holds the tag %s", quoted, quote(image[colon+1:])), fmt.Sprintf("write %s; the policy chooses the tag", quote(image[:colon]))
	}
	if len(image) > 255 {
		return "is longer than 255 characters", ""
	}
	components := strings.Split(image, "/")
	if len(components) > 1 && isHost(components[0]) {
		host := regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(:[0-9]{1,5})?$`)
		if !host.MatchString(components[0]) {
			return quote(components[0]) + " is not a registry's host", "write it like registry.example.com:5000"
		}
		components = components[1:]
	}
	component := regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*$`)
	for _, c := range components {
		switch {
		case component.MatchString(c):
		case component.MatchString(strings.ToLower(c)):
			return fmt.Sprintf("%s has upper-case letters", quoted), fmt.Sprintf("repositories are lower-case: %s", quote(strings.ToLower(image)))
		default:
			return fmt.Sprintf("%s is not a repository: %s is no component of one", quoted, quote(c)), "use lower-case letters and digits, with single dots, dashes or underscores between them"
		}
	}
	return "", ""
}

// isHost tells a registry's host from a repository's first component: by a dot,
// a colon, upper case, or the name localhost, as Docker does.
func isHost(component string) bool {
	return strings.ContainsAny(component, ".:[") || component == "localhost" || strings.ToLower(component) != component
}

// isHostPort reports whether the text is a host with its port and nothing else;
// then what follows the colon isn't a tag, and the repository is missing.
func isHostPort(image string) bool {
	return regexp.MustCompile(`^([^/:]*\.[^/:]*|localhost|\[.*\]):[0-9]{4,5}$`).MatchString(image)
}
