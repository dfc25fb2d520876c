package sops

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

type jsonFormat struct{}

// open decrypts a JSON object, and leaves the metadata out.
func (jsonFormat) open(data []byte, k opening) ([]byte, error) {
	m, err := jsonMetadata(data)
	if err != nil {
		return nil, err
	}
	o, err := k(m)
	if err != nil {
		return nil, err
	}
	w := jsonWriter{opener: o, in: json.NewDecoder(bytes.NewReader(data))}
	w.in.UseNumber()
	token, err := w.in.Token()
	if err != nil || token != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	if err := w.object(nil); err != nil {
		return nil, err
	}
	if w.in.More() {
		return nil, errors.New("more than one JSON object")
	}
	w.out.WriteByte('\n')
	return w.out.Bytes(), o.verify()
}

func jsonMetadata(data []byte) (*metadata, error) {
	var file struct {
		Sops *metadata `json:"sops"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return nil, fmt.Errorf("reading the JSON, at byte %d: %w", syntax.Offset, err)
		}
		return nil, errNotEncrypted // not a file of SOPS: others say what is wrong with it
	}
	if file.Sops == nil || file.Sops.MAC == "" {
		return nil, errNotEncrypted
	}
	return file.Sops, nil
}

// maxDepth bounds how deep values stand in each other.
const maxDepth = 200

// jsonWriter copies a stream of tokens with its values decrypted.
type jsonWriter struct {
	*opener
	in  *json.Decoder
	out bytes.Buffer
}

func (w *jsonWriter) object(path []string) error {
	w.out.WriteByte('{')
	for first := true; w.in.More(); {
		token, err := w.in.Token()
		if err != nil {
			return err
		}
		key, ok := token.(string)
		if !ok {
			return errors.New("a key that isn't text")
		}
		if len(path) == 0 && key == "sops" {
			var skipped json.RawMessage
			if err := w.in.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		if !first {
			w.out.WriteByte(',')
		}
		first = false
		w.text(key)
		w.out.WriteByte(':')
		if _, err := w.value(append(path, key)); err != nil {
			return err
		}
	}
	w.out.WriteByte('}')
	_, err := w.in.Token()
	return err
}

func (w *jsonWriter) list(path []string) error {
	w.out.WriteByte('[')
	for first := true; w.in.More(); {
		before := w.out.Len()
		if !first {
			w.out.WriteByte(',')
		}
		written, err := w.value(path)
		if err != nil {
			return err
		}
		if !written {
			w.out.Truncate(before)
			continue
		}
		first = false
	}
	w.out.WriteByte(']')
	_, err := w.in.Token()
	return err
}

// value tells whether it wrote one; a comment is left out of a list.
func (w *jsonWriter) value(path []string) (bool, error) {
	if len(path) > maxDepth {
		return false, fmt.Errorf("values within values, more than %d deep", maxDepth)
	}
	token, err := w.in.Token()
	if err != nil {
		return false, err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '{' {
			return true, w.object(path)
		}
		return true, w.list(path)
	case json.Number:
		return true, w.number(path, token)
	}
	value, err := w.leaf(path, token)
	if err != nil {
		return false, err
	}
	switch value := value.(type) {
	case comment:
		return false, nil
	case string:
		w.text(value)
	case timestamp:
		w.text(string(value))
	case float:
		w.out.WriteString(value.text)
	case int64:
		w.out.WriteString(strconv.FormatInt(value, 10))
	case bool:
		w.out.WriteString(strconv.FormatBool(value))
	default:
		w.out.WriteString("null")
	}
	return true, nil
}

// number copies one that isn't encrypted as it is written.
func (w *jsonWriter) number(path []string, n json.Number) error {
	value := any(float{text: n.String()})
	if whole, err := n.Int64(); err == nil {
		value = whole
	} else if f, err := n.Float64(); err == nil {
		value = float{text: n.String(), canonical: formatFloat(f)}
	}
	if _, err := w.leaf(path, value); err != nil {
		return err
	}
	w.out.WriteString(n.String())
	return nil
}

func (w *jsonWriter) text(value string) {
	var quoted strings.Builder
	encoder := json.NewEncoder(&quoted)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) == nil { // text is always encoded
		w.out.WriteString(strings.TrimSuffix(quoted.String(), "\n"))
	}
}

type binaryFormat struct{}

// open decrypts a file of any kind, which SOPS wraps into JSON.
func (binaryFormat) open(data []byte, k opening) ([]byte, error) {
	m, err := jsonMetadata(data)
	if err != nil {
		return nil, errNotEncrypted
	}
	var file struct {
		Data *string `json:"data"`
	}
	if err := json.Unmarshal(data, &file); err != nil || file.Data == nil {
		return nil, errors.New("it has neither an ending that tells its format nor the form of a binary file")
	}
	o, err := k(m)
	if err != nil {
		return nil, err
	}
	value, err := o.leaf([]string{"data"}, *file.Data)
	if err != nil {
		return nil, err
	}
	text, ok := value.(string)
	if !ok {
		return nil, errors.New("its data isn't text")
	}
	return []byte(text), o.verify()
}
