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

// SignedTag is an annotated tag as it can be verified.
type SignedTag struct {
	// Name is what the tag calls itself. Whoever can move references can put one tag in
	// the place of another, and nobody but its signer can change this.
	Name string
	// Commit is what it names in the end.
	Commit Hash
	// Payload is what Signature is over; Signature is empty where there is none.
	Payload, Signature []byte
}

// SignedTag reads an annotated tag that FetchRef brought. A tag that names another tag
// is refused: only the outer one's signature would be looked at.
func (r *Repo) SignedTag(tag Hash) (SignedTag, error) {
	st := r.mirror.current()
	if st == nil {
		return SignedTag{}, fmt.Errorf("reading the signature of tag %s: %w", tag, ErrNotFetched)
	}
	data, err := st.read(plumbing.TagObject, tag.plumbing(), maxCommitBytes)
	if err != nil {
		return SignedTag{}, fmt.Errorf("reading the signature of tag %s: %w", tag, err)
	}
	var read object.Tag
	if err := read.Decode(encoded(plumbing.TagObject, data)); err != nil {
		return SignedTag{}, fmt.Errorf("the record of tag %s is malformed: %w", tag, err)
	}
	if read.TargetType != plumbing.CommitObject {
		return SignedTag{}, fmt.Errorf("reading the signature of tag %s: it names a %s and no commit", tag, read.TargetType)
	}
	signed := SignedTag{Name: read.Name, Commit: hashOf(read.Target)}
	signed.Payload, signed.Signature = splitTag(data)
	return signed, nil
}

// splitTag takes the signature off a tag's end: as git has it, all from the last line
// on that begins one.
func splitTag(data []byte) (payload, signature []byte) {
	at := -1
	for offset := 0; offset < len(data); {
		line, _, _ := bytes.Cut(data[offset:], []byte("\n"))
		for _, mark := range []string{"-----BEGIN PGP SIGNATURE-----", "-----BEGIN SSH SIGNATURE-----", "-----BEGIN SIGNED MESSAGE-----", "-----BEGIN PGP MESSAGE-----"} {
			if bytes.HasPrefix(line, []byte(mark)) {
				at = offset
			}
		}
		offset += len(line) + 1
	}
	if at < 0 {
		return data, nil
	}
	return data[:at], data[at:]
}
