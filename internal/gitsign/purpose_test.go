package gitsign_test

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"github.com/towline-dev/towline/internal/gitsign"
)

// TestKeysForOtherPurposes has signatures that no gpg would make: by a key that says of
// itself that it isn't for signing, and one that says something else than that a file is
// signed.
func TestKeysForOtherPurposes(t *testing.T) {
	config := &packet.Config{Algorithm: packet.PubKeyAlgoEdDSA}
	entity, err := openpgp.NewEntity("Pat", "", address, config)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Minute)
	signature := func(change func(*packet.Signature)) []byte {
		s := &packet.Signature{
			Version: 4, SigType: packet.SigTypeBinary, PubKeyAlgo: entity.PrimaryKey.PubKeyAlgo, Hash: config.Hash(),
			CreationTime: time.Now(), IssuerKeyId: &entity.PrimaryKey.KeyId,
		}
		change(s)
		h, err := s.PrepareSign(config)
		if err != nil {
			t.Fatal(err)
		}
		h.Write([]byte(payload))
		if err := s.Sign(h, entity.PrivateKey, config); err != nil {
			t.Fatal(err)
		}
		return armored(t, openpgp.SignatureType, s.Serialize)
	}
	good := signature(func(*packet.Signature) {})
	public := armored(t, openpgp.PublicKeyType, entity.Serialize)
	identity := entity.PrimaryIdentity()
	identity.SelfSignature.FlagSign = false
	if err := identity.SelfSignature.SignUserId(identity.UserId.Id, entity.PrimaryKey, entity.PrivateKey, config); err != nil {
		t.Fatal(err)
	}
	certifier := armored(t, openpgp.PublicKeyType, entity.Serialize)
	for _, tt := range []struct {
		name      string
		keys      []byte
		signature []byte
		want      error
	}{
		{"for signing", public, good, nil},
		{"for certifying alone", certifier, good, gitsign.ErrPurpose},
		{"a certification", public, signature(func(s *packet.Signature) { s.SigType = packet.SigTypeGenericCert }), gitsign.ErrPurpose},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := verifier(t, now, string(tt.keys)).Verify([]byte(payload), tt.signature)
			check(t, got, err, tt.want)
		})
	}
}

func armored(t *testing.T, kind string, write func(io.Writer) error) []byte {
	t.Helper()
	var text bytes.Buffer
	w, err := armor.Encode(&text, kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(w); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return []byte(strings.TrimSpace(text.String()) + "\n")
}
