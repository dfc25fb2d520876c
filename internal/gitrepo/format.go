package gitrepo

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-git/go-git/v5/plumbing/protocol/packp"
)

// explainFormat says why an advertisement can't be read: one of a repository with
// longer names looks garbled.
func explainFormat(err error) error {
	var garbled *packp.ErrUnexpectedData
	if errors.As(err, &garbled) && bytes.Contains(garbled.Data, []byte("object-format=sha256")) {
		return fmt.Errorf("%w (hint: git clone it into one that was made with --object-format=sha1)", ErrObjectFormat)
	}
	return err
}
