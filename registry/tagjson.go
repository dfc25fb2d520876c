package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// decode reads any JSON object, with encoding/json.
func (l *tagList) decode(text string) error {
	dec := json.NewDecoder(strings.NewReader(text))
	if err := expect(dec, '{'); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return whole(err)
		}
		if name, _ := key.(string); strings.EqualFold(name, "tags") {
			err = l.decodeTags(dec)
		} else {
			var other json.RawMessage
			err = dec.Decode(&other)
		}
		if err != nil {
			return whole(err)
		}
	}
	return expect(dec, '}')
}

func (l *tagList) decodeTags(dec *json.Decoder) error {
	switch t, err := dec.Token(); {
	case err != nil:
		return err
	case t == nil: // null
		return nil
	case t != json.Delim('['):
		return errors.New("the tags aren't a list")
	}
	for dec.More() {
		var tag string
		if err := dec.Decode(&tag); err != nil {
			return err
		}
		if err := l.add(tag); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

func expect(dec *json.Decoder, want json.Delim) error {
	switch t, err := dec.Token(); {
	case err != nil:
		return whole(err)
	case t != want:
		return fmt.Errorf("%v where %v should be", t, want)
	}
	return nil
}

// whole says what an end in the middle means here: the body came whole, and what
// it holds breaks off.
func whole(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// scanner reads the plainest of JSON.
type scanner struct {
	text string
	at   int
}

func (s *scanner) skipSpace() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\n', '\t', '\r':
			s.at++
		default:
			return
		}
	}
}

// take passes over c, when it is next.
func (s *scanner) take(c byte) bool {
	s.skipSpace()
	if s.at < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// string reads a string; of one with escapes or control characters it gives up.
func (s *scanner) string() (string, bool) {
	if !s.take('"') {
		return "", false
	}
	for begin := s.at; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[begin : s.at-1], true
		case c == '\\' || c < ' ':
			return "", false
		}
	}
	return "", false
}

func (s *scanner) atEnd() bool {
	s.skipSpace()
	return s.at == len(s.text)
}
