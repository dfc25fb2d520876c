package gitsign

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// pgpRing are the OpenPGP keys whose signatures count.
type pgpRing openpgp.EntityList

const (
	pgpBegin = "-----BEGIN PGP "
	pgpEnd   = "-----END PGP PUBLIC KEY BLOCK-----"
)

// parseRing reads armored keys, one block after the other.
func parseRing(data []byte) (pgpRing, error) {
	var ring pgpRing
	for rest := data; bytes.Contains(rest, []byte("-----BEGIN ")); {
		block, after, found := bytes.Cut(rest, []byte(pgpEnd))
		if !found || bytes.Count(block, []byte("-----BEGIN ")) != 1 || !bytes.Contains(block, []byte(pgpBegin+"PUBLIC KEY BLOCK-----")) {
			return nil, errors.New("it isn't an armored OpenPGP public key (hint: gpg --armor --export ADDRESS; private keys don't belong here)")
		}
		keys, err := openpgp.ReadArmoredKeyRing(strings.NewReader(string(block) + pgpEnd + "\n"))
		if err != nil {
			return nil, fmt.Errorf("reading an OpenPGP key: %w", err)
		}
		for _, key := range keys {
			if self, _ := key.PrimarySelfSignature(); self == nil {
				return nil, fmt.Errorf("the OpenPGP key %X has no valid user ID", key.PrimaryKey.Fingerprint)
			}
			ring = append(ring, key)
		}
		rest = after
	}
	return ring, nil
}

// verify checks a detached OpenPGP signature.
func (r pgpRing) verify(payload, armored []byte, now time.Time) (string, error) {
	signature, raw, err := parseSignature(armored)
	if err != nil {
		return "", &VerifyError{Kind: ErrBad, Detail: err.Error()}
	}
	by := issuer(signature)
	fail := func(kind error, detail string) (string, error) {
		return "", &VerifyError{Fingerprint: by, Kind: kind, Detail: detail}
	}
	if signature.IssuerKeyId == nil {
		return fail(ErrBad, "it doesn't say by which key it is")
	}
	keys := openpgp.EntityList(r).KeysById(*signature.IssuerKeyId)
	if len(keys) == 0 {
		return fail(ErrUnknownKey, "")
	}
	by = fmt.Sprintf("%X", keys[0].PublicKey.Fingerprint)
	if signature.SigType != packet.SigTypeBinary && signature.SigType != packet.SigTypeText {
		return fail(ErrPurpose, fmt.Sprintf("the signature is of the type %#x", byte(signature.SigType)))
	}
	if weak := weakness(signature.Hash, keys[0].PublicKey); weak != "" {
		return fail(ErrWeak, weak)
	}
	usable := openpgp.EntityList(r).KeysByIdUsage(*signature.IssuerKeyId, packet.KeyFlagSign)
	if len(usable) == 0 || usable[0].PublicKey != usable[0].Entity.PrimaryKey && usable[0].SelfSignature.EmbeddedSignature == nil {
		return fail(ErrPurpose, "the key isn't one for signing")
	}
	config := &packet.Config{Time: func() time.Time { return now }}
	_, _, err = openpgp.VerifyDetachedSignature(openpgp.EntityList(r), bytes.NewReader(payload), bytes.NewReader(raw), config)
	switch {
	case err == nil:
		return by, nil
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return fail(ErrRevoked, "")
	case errors.Is(err, pgperrors.ErrKeyExpired), errors.Is(err, pgperrors.ErrSignatureExpired):
		return fail(ErrExpired, "")
	}
	return fail(ErrBad, "")
}

// parseSignature reads the one packet of a signature. git refuses several, too.
func parseSignature(armored []byte) (*packet.Signature, []byte, error) {
	block, err := armor.Decode(bytes.NewReader(armored))
	if err != nil || block.Type != openpgp.SignatureType {
		return nil, nil, errors.New("it can't be read")
	}
	raw, err := io.ReadAll(io.LimitReader(block.Body, maxSignature))
	if err != nil {
		return nil, nil, errors.New("it can't be read")
	}
	packets := packet.NewReader(bytes.NewReader(raw))
	first, err := packets.Next()
	signature, ok := first.(*packet.Signature)
	if err != nil || !ok {
		return nil, nil, errors.New("it can't be read")
	}
	if _, err := packets.Next(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("it isn't one signature")
	}
	return signature, raw, nil
}

func issuer(signature *packet.Signature) string {
	switch {
	case len(signature.IssuerFingerprint) > 0:
		return fmt.Sprintf("%X", signature.IssuerFingerprint)
	case signature.IssuerKeyId != nil:
		return fmt.Sprintf("%016X", *signature.IssuerKeyId)
	}
	return ""
}

// weakness names what makes a signature forgeable, or "".
func weakness(hash crypto.Hash, key *packet.PublicKey) string {
	switch hash {
	case crypto.SHA224, crypto.SHA256, crypto.SHA384, crypto.SHA512, crypto.SHA3_256, crypto.SHA3_512:
	default:
		return "the hash " + hash.String()
	}
	if key.PubKeyAlgo == packet.PubKeyAlgoDSA {
		return "a DSA key"
	}
	if public, ok := key.PublicKey.(*rsa.PublicKey); ok && public.N.BitLen() < minRSABits {
		return fmt.Sprintf("an RSA key of %d bits", public.N.BitLen())
	}
	return ""
}
