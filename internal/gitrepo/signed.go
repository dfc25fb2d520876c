package gitrepo

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/object"
)

// Signer signs a commit: payload is the object without a signature, and what it gives
// goes into the header gpgsig, whatever the kind of key, as git has it.
type Signer interface {
	Sign(payload []byte) ([]byte, error)
}

// sign sets the commit's signature, where there is a signer.
func sign(commit *object.Commit, signer Signer) error {
	if signer == nil {
		return nil
	}
	unsigned := &plumbing.MemoryObject{}
	if err := commit.EncodeWithoutSignature(unsigned); err != nil {
		return err
	}
	reader, err := unsigned.Reader()
	if err != nil {
		return err
	}
	payload, err := io.ReadAll(reader)
	if err != nil {
		return err
	}
	signature, err := signer.Sign(payload)
	if err != nil {
		return err
	}
	if len(signature) == 0 || bytes.ContainsAny(signature, "\x00\r") {
		return errors.New("signing gave nothing that a commit can hold")
	}
	commit.PGPSignature = string(signature)
	return nil
}

// Signed gives a commit's signature and the bytes that it is over: the object as it is
// stored, without the header that holds the signature. A commit that isn't signed has
// an empty one. ErrNotFetched says that the mirror doesn't hold the commit.
func (r *Repo) Signed(commit Hash) (payload, signature []byte, err error) {
	st := r.mirror.current()
	if st == nil {
		return nil, nil, fmt.Errorf("reading the signature of commit %s: %w", commit, ErrNotFetched)
	}
	if _, err := st.commit(commit.plumbing()); err != nil {
		return nil, nil, fmt.Errorf("reading the signature of commit %s: %w", commit, err)
	}
	raw, err := st.read(plumbing.CommitObject, commit.plumbing(), maxCommitBytes)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the signature of commit %s: %w", commit, err)
	}
	payload, signature = splitSignature(raw)
	return payload, signature, nil
}

// splitSignature takes the header gpgsig, with the lines that continue it, out of a
// commit object. Headers end at the first empty line.
func splitSignature(raw []byte) (payload, signature []byte) {
	const header = "gpgsig "
	inside := false
	for rest := raw; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		whole := rest[:len(rest)-len(after)]
		if len(line) == 0 {
			return append(payload, rest...), signature
		}
		switch text, begins := bytes.CutPrefix(whole, []byte(header)); {
		case begins:
			inside = true
			signature = append(signature, text...)
		case inside && whole[0] == ' ':
			signature = append(signature, whole[1:]...)
		default:
			inside = false
			payload = append(payload, whole...)
		}
		rest = after
	}
	return payload, signature
}
