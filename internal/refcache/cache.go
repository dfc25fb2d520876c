package refcache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

const (
	format = "towline references 1\n"
	// maxFile bounds the file, in bytes. 50,000 files with 25,000 references take 5 MB.
	maxFile = 128 << 20
	// maxValue bounds one record's value, in bytes. What is larger is found anew.
	maxValue = 1 << 20
)

// Key names what was found in one file.
type Key [20]byte

// KeyOf makes a key of all that the finding depends on.
func KeyOf(parts ...string) Key {
	var text []byte
	for _, p := range parts {
		text = append(append(text, p...), 0)
	}
	sum := sha256.Sum256(text)
	return Key(sum[:])
}

// Cache is one file of findings. It is safe for concurrent use, also by several
// processes.
type Cache struct {
	file string
	log  *slog.Logger
}

// New gives the cache in a file, which need not be there. The log is told at level warn
// of a file that was thrown away and of what couldn't be written.
func New(file string, log *slog.Logger) *Cache {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Cache{file: file, log: log}
}

// Load reads what is kept. A file that can't be read, or is damaged, is thrown away: what
// stands before the damage is still given.
func (c *Cache) Load() Entries {
	data, err := c.read()
	if errors.Is(err, fs.ErrNotExist) {
		return Entries{}
	}
	e, broken := parse(data)
	if err = errors.Join(err, broken); err != nil {
		c.log.Warn("throwing away the cache of references, which can't be read", "file", c.file, "error", err)
		c.remove()
	}
	return e
}

func (c *Cache) read() (data []byte, err error) {
	f, err := os.Open(c.file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err = io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		return nil, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return data, err
}

func (c *Cache) remove() {
	if err := ignore(os.Remove(c.file), fs.ErrNotExist); err != nil {
		c.log.Warn("the cache of references can't be removed", "file", c.file, "error", err)
	}
}

// Add keeps records. Where that fails the program goes on without.
func (c *Cache) Add(r *Records) {
	if len(r.data) == 0 {
		return
	}
	if err := c.append(r.data); err != nil {
		c.log.Warn("the cache of references can't be written; going on without", "file", c.file, "error", err)
		c.remove() // it may end in half a record
	}
}

func (c *Cache) append(data []byte) (err error) {
	if err := os.MkdirAll(filepath.Dir(c.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(c.file, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return err
	case info.Size() == 0:
		data = append([]byte(format), data...)
	case info.Size()+int64(len(data)) > maxFile:
		return nil // there is no room before the next Trim
	}
	_, err = f.Write(data)
	return err
}

// Trim writes the file anew, with what live admits and half as many of the others, those
// that were added last: another process may be using them.
func (c *Cache) Trim(live func(Key) bool) {
	data, err := c.read()
	if err != nil {
		return // there is nothing to trim
	}
	entries, broken := parse(data)
	if broken != nil {
		return // the next Load tells of it
	}
	if err := c.replace(entries.trimmed(live)); err != nil {
		c.log.Warn("the cache of references can't be written anew", "file", c.file, "error", err)
	}
}

// replace puts a new file in the old one's place. Where another process is at it too, or
// was when it was killed, none does: the next one will.
func (c *Cache) replace(data []byte) error {
	next := c.file + ".new"
	f, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return ignore(os.Remove(next), fs.ErrNotExist)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err == nil {
		return ignore(os.Rename(next, c.file), fs.ErrNotExist)
	}
	return errors.Join(err, ignore(os.Remove(next), fs.ErrNotExist))
}

func ignore(err, what error) error {
	if errors.Is(err, what) {
		return nil
	}
	return err
}
