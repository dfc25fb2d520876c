package gitrepo

import (
	"bufio"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/rogpeppe/go-internal/lockedfile"
)

// loosePrefix begins the names of objects that are being written.
const loosePrefix = "tmp_obj_"

// put writes objects, in their order. Commits do that without the mirror's lock, which
// a fetch holds while the network delivers; this one is held for moments.
//
// They aren't synced: what a power failure takes is noticed by its hash, or by its
// absence, and fetched again.
func (s *store) put(objects []plumbing.EncodedObject) error {
	unlock, err := s.lockLoose()
	if err != nil {
		return err
	}
	defer unlock()
	for _, o := range objects {
		if err := s.putOne(o); err != nil {
			return &localError{"writing to the mirror", err}
		}
	}
	return nil
}

func (s *store) lockLoose() (func(), error) {
	unlock, err := lockedfile.MutexAt(filepath.Join(s.dir, "loose.lock")).Lock()
	if err != nil {
		return nil, &localError{"locking the mirror's objects", err}
	}
	return unlock, nil
}

// putOne writes over an object that is there: it may be damaged.
func (s *store) putOne(o plumbing.EncodedObject) error {
	name := o.Hash().String()
	objects := filepath.Join(s.dir, "objects")
	folder := filepath.Join(objects, name[:2])
	if err := s.disk.mkdirAll(folder); err != nil {
		return err
	}
	f, err := s.disk.create(objects, loosePrefix)
	if err != nil {
		return err
	}
	if err := writeLoose(f, o); err != nil {
		return errors.Join(err, f.discard())
	}
	return f.become(filepath.Join(folder, name[2:]), false)
}

func writeLoose(f *diskFile, o plumbing.EncodedObject) error {
	r, err := o.Reader()
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(f)
	w, err := zlib.NewWriterLevel(buffered, zlib.BestSpeed) // a wide folder is hashes, which hardly shrink
	if err != nil {
		return errors.Join(err, r.Close())
	}
	_, head := fmt.Fprintf(w, "%s %d\x00", o.Type(), o.Size())
	_, err = io.Copy(w, r)
	return errors.Join(head, err, w.Close(), r.Close(), buffered.Flush())
}

// sweepLoose removes what a killed process left of objects.
func (s *store) sweepLoose() error {
	left, err := begun(filepath.Join(s.dir, "objects"), loosePrefix)
	if err != nil || len(left) == 0 {
		return err
	}
	unlock, err := s.lockLoose()
	if err != nil {
		return err
	}
	defer unlock()
	for _, name := range left {
		if err := s.disk.remove(name); err != nil {
			return err
		}
	}
	return nil
}
