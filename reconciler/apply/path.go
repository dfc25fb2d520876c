package apply

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// path names fields of an object, as patterns do: some of its segments may match several.
type path []segment

// segment is one step into an object. Exactly one of its fields is set, but for steps of JSON pointers, where a number
// may be a key or an index.
type segment struct {
	key   *string           // of a map
	index *int              // of a list
	match map[string]string // fields that an item of a list must have
	any   bool              // every key, or every item
}

// parsePath reads a path such as spec.replicas, metadata.annotations["a.example/b"],
// spec.template.spec.containers[name=web].image, or /spec/replicas. The error says what is wrong, and at which byte.
func parsePath(text string) (path, error) {
	var parsed path
	var err error
	if strings.HasPrefix(text, "/") {
		parsed = parsePointer(text)
	} else {
		reader := &pathReader{text: text}
		if parsed, err = reader.read(); err != nil {
			return nil, fmt.Errorf("path %q: %w", text, err)
		}
	}
	if parsed.isIdentity() {
		return nil, fmt.Errorf("path %q: what identifies an object can't be left to others", text)
	}
	return parsed, nil
}

// isIdentity reports whether the path takes away what an object is found by.
func (p path) isIdentity() bool {
	if p[0].key == nil {
		return true // [*]: everything
	}
	switch *p[0].key {
	case "apiVersion", "kind":
		return true
	case "metadata":
		return len(p) == 1 || p[1].any || p[1].key != nil && (*p[1].key == "name" || *p[1].key == "namespace")
	}
	return false
}

// parsePointer reads a JSON pointer (RFC 6901), which begins with a slash.
func parsePointer(text string) path {
	var parsed path
	for _, token := range strings.Split(text[1:], "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		step := segment{key: &token}
		if index, err := strconv.Atoi(token); err == nil && index >= 0 {
			step.index = &index
		}
		parsed = append(parsed, step)
	}
	return parsed
}

// pathReader reads a path from left to right.
type pathReader struct {
	text string
	at   int
}

func (r *pathReader) read() (path, error) {
	var parsed path
	for r.at < len(r.text) {
		step, err := r.step(len(parsed) == 0)
		if err != nil {
			return nil, err
		}
		parsed = append(parsed, step)
	}
	if len(parsed) == 0 {
		return nil, fmt.Errorf("it is empty")
	}
	return parsed, nil
}

func (r *pathReader) step(first bool) (segment, error) {
	switch {
	case r.text[r.at] == '[':
		return r.bracket()
	case r.text[r.at] == '.':
		r.at++
	case !first:
		return segment{}, fmt.Errorf("want a dot or a bracket at byte %d", r.at+1)
	}
	end := len(r.text)
	if i := strings.IndexAny(r.text[r.at:], ".["); i >= 0 {
		end = r.at + i
	}
	name := r.text[r.at:end]
	if name == "" || strings.ContainsAny(name, "]\"' \t\n") {
		return segment{}, fmt.Errorf("want the name of a field at byte %d; unusual ones go into brackets and quotes", r.at+1)
	}
	r.at = end
	if name == "*" {
		return segment{any: true}, nil
	}
	return segment{key: &name}, nil
}

// bracket reads ["key"], [*], [3], [name=web] or [port=80,protocol=TCP].
func (r *pathReader) bracket() (segment, error) {
	start := r.at
	r.at++
	if quoted, ok := r.quoted(); ok {
		return segment{key: &quoted}, r.closing(start)
	}
	match := map[string]string{}
	for {
		end := strings.IndexAny(r.text[r.at:], "=],")
		if end < 0 {
			return segment{}, fmt.Errorf("the bracket at byte %d isn't closed", start+1)
		}
		word := r.text[r.at : r.at+end]
		r.at += end
		if r.text[r.at] != '=' {
			if len(match) > 0 {
				return segment{}, fmt.Errorf("want FIELD=VALUE in the bracket at byte %d", start+1)
			}
			return r.plain(word, start)
		}
		r.at++
		if word == "" {
			return segment{}, fmt.Errorf("want FIELD=VALUE in the bracket at byte %d", start+1)
		}
		match[word] = r.value()
		if r.at < len(r.text) && r.text[r.at] == ',' {
			r.at++
			continue
		}
		return segment{match: match}, r.closing(start)
	}
}

// plain is what stands in a bracket alone and unquoted.
func (r *pathReader) plain(word string, start int) (segment, error) {
	if word == "*" {
		return segment{any: true}, r.closing(start)
	}
	index, err := strconv.Atoi(word)
	if err != nil || index < 0 {
		return segment{}, fmt.Errorf(`want "KEY", FIELD=VALUE, an index or * in the bracket at byte %d`, start+1)
	}
	return segment{index: &index}, r.closing(start)
}

func (r *pathReader) value() string {
	if quoted, ok := r.quoted(); ok {
		return quoted
	}
	end := strings.IndexAny(r.text[r.at:], ",]")
	if end < 0 {
		end = len(r.text) - r.at
	}
	value := r.text[r.at : r.at+end]
	r.at += end
	return value
}

// quoted reads a text in double quotes, with Go's escapes, or in single ones, with none.
func (r *pathReader) quoted() (string, bool) {
	rest := r.text[r.at:]
	if strings.HasPrefix(rest, "'") {
		end := strings.IndexByte(rest[1:], '\'')
		if end < 0 {
			return "", false
		}
		r.at += end + 2
		return rest[1 : end+1], true
	}
	if !strings.HasPrefix(rest, `"`) {
		return "", false
	}
	prefix, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", false
	}
	text, err := strconv.Unquote(prefix)
	if err != nil {
		return "", false
	}
	r.at += len(prefix)
	return text, true
}

func (r *pathReader) closing(start int) error {
	if r.at >= len(r.text) || r.text[r.at] != ']' {
		return fmt.Errorf("the bracket at byte %d isn't closed", start+1)
	}
	r.at++
	return nil
}

// takes reports whether the segment goes into this key of a map.
func (s segment) takes(key string) bool { return s.any || s.key != nil && *s.key == key }

// picks reports whether the segment goes into this item of a list.
func (s segment) picks(index int, item any) bool {
	if s.any || s.index != nil && *s.index == index {
		return true
	}
	fields, ok := item.(map[string]any)
	if s.match == nil || !ok {
		return false
	}
	for name, want := range s.match {
		value, ok := fields[name]
		if !ok || fmt.Sprint(value) != want {
			return false
		}
	}
	return true
}

// omit returns the value without what the path names, and whether there was any. It shares what it didn't change with
// the original, which stays as it is.
func (p path) omit(value any) (any, bool) {
	switch value := value.(type) {
	case map[string]any:
		return p.omitKeys(value)
	case []any:
		return p.omitItems(value)
	}
	return value, false
}

func (p path) omitKeys(value map[string]any) (any, bool) {
	rest, found := make(map[string]any, len(value)), false
	for key, child := range value {
		if !p[0].takes(key) {
			rest[key] = child
			continue
		}
		if len(p) == 1 {
			found = true
			continue
		}
		shorter, some := p[1:].omit(child)
		rest[key], found = shorter, found || some
	}
	if !found {
		return value, false
	}
	return rest, true
}

func (p path) omitItems(value []any) (any, bool) {
	var rest []any
	found := false
	for i, item := range value {
		switch {
		case !p[0].picks(i, item):
		case len(p) == 1:
			found = true
			continue
		default:
			shorter, some := p[1:].omit(item)
			item, found = shorter, found || some
		}
		rest = append(rest, item)
	}
	if !found {
		return value, false
	}
	return slices.Clip(rest), true
}
