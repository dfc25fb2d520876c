package edit

import (
	"encoding/json"
	"fmt"
	"strings"
)

// markerWord is the key of Flux's marker.
const markerWord = "$imagepolicy"

// parseMarker reads the text of a comment, without its leading #. As in Flux it
// is a JSON object; where Flux would take a mistake for just another comment,
// the message and hint say what is wrong.
func parseMarker(comment string) (m *Marker, message, hint string) {
	body := strings.TrimSpace(comment)
	fields := map[string]string{}
	if err := json.Unmarshal([]byte(body), &fields); err != nil {
		if before, object, after := cutObject(body); before+after != "" && json.Unmarshal([]byte(object), &fields) == nil {
			return nil, "text around the marker: Flux and towline would pass it over",
				fmt.Sprintf("leave only # %.300s in the comment", object)
		}
		return nil, "the marker isn't a JSON object of strings", `write # {"$imagepolicy": "namespace:name"}`
	}
	value, ok := fields[markerWord]
	if !ok {
		return nil, "the marker isn't a JSON object of strings", `write # {"$imagepolicy": "namespace:name"}`
	}
	parts := strings.Split(value, ":")
	if len(parts) < 2 || len(parts) > 3 || !validObjectName(parts[0]) || !validObjectName(parts[1]) {
		return nil, fmt.Sprintf("the marker names no policy: %.80q", value),
			"write namespace:name, and :tag, :name or :digest where only that part stands here"
	}
	m = &Marker{Namespace: parts[0], Name: parts[1]}
	if len(parts) == 3 {
		m.Field = parts[2]
		if m.Field != "tag" && m.Field != "name" && m.Field != "digest" {
			return nil, fmt.Sprintf("the marker has an unknown field %.80q", m.Field), "known are tag, name and digest"
		}
	}
	return m, "", ""
}

// cutObject splits a text at its first { and the last } behind it.
func cutObject(s string) (before, object, after string) {
	i, j := strings.IndexByte(s, '{'), strings.LastIndexByte(s, '}')
	if i < 0 || j < i {
		return s, "", ""
	}
	return s[:i], s[i : j+1], s[j+1:]
}

// validObjectName checks what Kubernetes asks of a name (RFC 1123 subdomain).
func validObjectName(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; !isLower(c) && !isDigit(c) && c != '-' && c != '.' {
			return false
		}
	}
	return s[0] != '-' && s[0] != '.' && s[len(s)-1] != '-' && s[len(s)-1] != '.'
}

// isMarker tells a marker, or an attempt at one, from prose that mentions the word.
func isMarker(comment string) bool {
	for {
		_, rest, found := strings.Cut(comment, markerWord)
		if !found {
			return false
		}
		if strings.HasPrefix(strings.TrimLeft(rest, "\"' \t"), ":") {
			return true
		}
		comment = rest
	}
}

// markerEntry returns the reference of a marked value. What stands there may be
// anything, since it is the marker that says what belongs there; only what has
// the form of a tag, name or digest goes into the reference.
func markerEntry(m *Marker, s *site) entry {
	ref := Reference{Form: FormMarker, Marker: m}
	value := s.scalar().Value
	switch m.Field {
	case "":
		if image, ok := splitImage(value); ok {
			ref.Image, ref.Tag, ref.Digest = image.name, image.tag, image.digest
		}
	case "tag":
		tag, digest, pinned := strings.Cut(value, "@")
		if validTag(tag) && (!pinned || validDigest(digest)) {
			ref.Tag, ref.Digest = tag, digest
		}
	case "name":
		if validName(value) {
			ref.Image = value
		}
	case "digest":
		if validDigest(value) {
			ref.Digest = value
		}
	}
	return entry{ref: ref, value: s}
}
