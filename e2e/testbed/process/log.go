package process

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// tailBytes bounds how much of a log goes into an error: some screens of text.
const tailBytes = 4 << 10

// LogError is an error about a child, together with what the child said last.
type LogError struct {
	// Err is what went wrong.
	Err error
	// File is the log, Tail its last lines (at most 4 KiB).
	File, Tail string
}

// Error returns the error, followed by the end of the log.
func (e *LogError) Error() string {
	if e.Tail == "" {
		return fmt.Sprintf("%v (%s is empty)", e.Err, e.File)
	}
	return fmt.Sprintf("%v\nthe end of %s:\n%s", e.Err, e.File, e.Tail)
}

// Unwrap returns the error without the log.
func (e *LogError) Unwrap() error { return e.Err }

// tail returns the last whole lines of a file. A file that can't be read has
// none: the error that is being explained is the one that matters.
func tail(file string) string {
	f, err := os.Open(file)
	if err != nil {
		return ""
	}
	defer func() { _ = f.Close() }() // read only
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return ""
	}
	start := max(0, size-tailBytes)
	data, err := io.ReadAll(io.NewSectionReader(f, start, size-start))
	if err != nil {
		return ""
	}
	text := string(data)
	if start > 0 {
		_, text, _ = strings.Cut(text, "\n")
	}
	return strings.TrimSpace(text)
}
