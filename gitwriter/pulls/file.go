package pulls

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/towline-dev/towline/gitwriter/forge"
)

const (
	version = 1
	// maxFile bounds the file, in bytes: some 100,000 pull requests.
	maxFile = 128 << 20
	// tempMark is in the names of files that aren't in place yet; one that is older than
	// tempAge was left behind by a run that was killed.
	tempMark = ".new-"
	tempAge  = 15 * time.Minute
)

// envelope is the file: what it is and for whom, and the SHA-256 of the rest.
type envelope struct {
	Version    int             `json:"towlinePulls"`
	Repository string          `json:"repository"`
	Prefix     string          `json:"prefix"`
	Sum        string          `json:"sha256"`
	Book       json.RawMessage `json:"book"`
}

type content struct {
	Anchor     anchor    `json:"anchor,omitzero"`
	CompleteAt time.Time `json:"completeAt,omitzero"`
	Entries    []*entry  `json:"entries"`
}

// load reads the file, if there is a good one.
func (b *Book) load() {
	if b.cfg.File == "" {
		return
	}
	b.sweep()
	c, err := b.readFile()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return
	case err != nil:
		b.cfg.Log.Warn("dropping what was remembered of pull requests", "file", b.cfg.File, "error", err)
		if err := os.Remove(b.cfg.File); err != nil {
			b.cfg.Log.Warn("the book of pull requests can't be removed", "file", b.cfg.File, "error", err)
		}
		return
	}
	b.anchor, b.completeAt = c.Anchor, c.CompleteAt
	for _, e := range c.Entries {
		b.entries[e.PullRequest.Number] = e
		b.heads[e.PullRequest.Head] = append(b.heads[e.PullRequest.Head], e.PullRequest.Number)
	}
}

func (b *Book) readFile() (c content, err error) {
	f, err := os.Open(b.cfg.File)
	if err != nil {
		return content{}, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	switch {
	case err != nil:
		return content{}, err
	case len(data) > maxFile:
		return content{}, fmt.Errorf("it has more than %d bytes", maxFile)
	}
	return b.parse(data)
}

func (b *Book) parse(data []byte) (content, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return content{}, err
	}
	switch {
	case e.Version != version:
		return content{}, fmt.Errorf("it is of version %d, not %d", e.Version, version)
	case e.Repository != b.cfg.Repository:
		return content{}, fmt.Errorf("it is of another repository, %q", e.Repository)
	case e.Prefix != b.cfg.Prefix:
		return content{}, fmt.Errorf("it is about branches that begin with %q", e.Prefix)
	case e.Sum != sum(e.Book):
		return content{}, errors.New("it is damaged: the checksum is another one")
	}
	var c content
	if err := json.Unmarshal(e.Book, &c); err != nil {
		return content{}, err
	}
	return c, b.check(c)
}

// check holds what was read to what is written: the checksum says that it is whole, not
// that a Book made it.
func (b *Book) check(c content) error {
	known := map[int]bool{}
	for _, entry := range c.Entries {
		if entry == nil || known[entry.PullRequest.Number] {
			return errors.New("it names no pull request, or one twice")
		}
		known[entry.PullRequest.Number] = true
		if _, ours := b.ours(entry.PullRequest); !ours {
			return fmt.Errorf("it holds pull request #%d, which isn't ours", entry.PullRequest.Number)
		}
		switch entry.PullRequest.State {
		case forge.StateOpen, forge.StateClosed, forge.StateMerged:
		default:
			return fmt.Errorf("it holds a pull request in the state %q", entry.PullRequest.State)
		}
	}
	return nil
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

// Save writes the file, if something in it is new. Refresh does so too; a process that
// ends loses what it has found out since, which costs requests.
func (b *Book) Save() {
	if b.cfg.File == "" {
		return
	}
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	if !b.dirty {
		b.mu.Unlock()
		return
	}
	b.dirty = false
	data, err := b.encode()
	b.mu.Unlock()
	if err == nil {
		err = replace(b.cfg.File, data)
	}
	if err != nil {
		b.cfg.Log.Warn("the book of pull requests can't be written; going on without", "file", b.cfg.File, "error", err)
		b.mu.Lock()
		b.dirty = true
		b.mu.Unlock()
	}
}

// encode gives the file's content. It is called with the lock.
func (b *Book) encode() ([]byte, error) {
	c := content{Anchor: b.anchor, CompleteAt: b.completeAt.UTC(), Entries: []*entry{}}
	for _, number := range slices.Sorted(maps.Keys(b.entries)) {
		e := *b.entries[number]
		if e.unsure {
			e.Orders, e.ReadAt = Orders{}, time.Time{}
		}
		c.Entries = append(c.Entries, &e)
	}
	book, err := plainJSON(c)
	if err != nil {
		return nil, err
	}
	data, err := plainJSON(envelope{version, b.cfg.Repository, b.cfg.Prefix, sum(book), book})
	return append(data, '\n'), err
}

// plainJSON leaves < and > as they are, of which bodies are full. It gives what it is
// given as raw JSON byte by byte.
func plainJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// replace puts a new file in the old one's place, so that readers, and whoever comes
// after a power failure, see one of them whole.
func replace(name string, data []byte) error {
	if len(data) > maxFile {
		return fmt.Errorf("it would have more than %d bytes", maxFile)
	}
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, filepath.Base(name)+tempMark) // of mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// sweep removes what killed runs have left behind. It is no loss if that can't be done:
// the next run tries again.
func (b *Book) sweep() {
	dir, prefix := filepath.Dir(b.cfg.File), filepath.Base(b.cfg.File)+tempMark
	left, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, f := range left {
		info, err := f.Info()
		if err == nil && strings.HasPrefix(f.Name(), prefix) && info.Mode().IsRegular() && b.cfg.Now().Sub(info.ModTime()) > tempAge {
			_ = os.Remove(filepath.Join(dir, f.Name()))
		}
	}
}
