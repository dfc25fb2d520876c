// Package secret holds credentials in a type that can't be printed by accident:
// every road by which a value reaches a log, an error or a JSON document gives
// "[redacted]". Only Reveal gives the text, so a reader can find each use of it.
package secret

import "log/slog"

const redacted = "[redacted]"

// String is a credential. Its zero value means that there is none.
type String struct{ text string }

// New wraps the text of a credential.
func New(text string) String { return String{text} }

// Reveal returns the text, to be handed to the one server that it was given for.
func (s String) Reveal() string { return s.text }

// IsZero tells whether there is no credential.
func (s String) IsZero() bool { return s.text == "" }

// String returns "[redacted]".
func (String) String() string { return redacted }

// GoString returns "[redacted]", for %#v.
func (String) GoString() string { return redacted }

// MarshalText returns "[redacted]"; encoding/json and YAML encoders use it.
func (String) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]".
func (String) LogValue() slog.Value { return slog.StringValue(redacted) }
