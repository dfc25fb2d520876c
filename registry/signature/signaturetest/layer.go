package signaturetest

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/sigstore/sigstore/pkg/signature/payload"
)

// Layer is a signature for the signature tag: a text, and what stands beside it.
type Layer struct {
	Payload     []byte
	Annotations map[string]string
}

// Payload is the text that cosign signs for the image.
func Payload(repository, digest string) ([]byte, error) {
	ref, err := name.NewDigest(repository + "@" + digest)
	if err != nil {
		return nil, fmt.Errorf("naming the image: %w", err)
	}
	return payload.Cosign{Image: ref}.MarshalJSON()
}

// Layer signs a text for the signature tag. cosign hashes it with SHA-256
// whatever the key.
func (s *Signer) Layer(text []byte) (Layer, error) {
	signed, err := s.sign(text, crypto.SHA256)
	if err != nil {
		return Layer{}, fmt.Errorf("signing: %w", err)
	}
	l := Layer{Payload: text, Annotations: map[string]string{
		"dev.cosignproject.cosign/signature": base64.StdEncoding.EncodeToString(signed),
	}}
	if s.certificate != nil {
		l.Annotations["dev.sigstore.cosign/certificate"] = string(certificatePEM(s.certificate))
		l.Annotations["dev.sigstore.cosign/chain"] = string(certificatePEM(s.sigstore.intermediate, s.sigstore.root))
	}
	if !s.options.NoEntry {
		if l.Annotations["dev.sigstore.cosign/bundle"], err = s.entryAnnotation(text, signed); err != nil {
			return Layer{}, fmt.Errorf("logging: %w", err)
		}
	}
	if s.options.Timestamped {
		if l.Annotations["dev.sigstore.cosign/rfc3161timestamp"], err = s.stampAnnotation(signed); err != nil {
			return Layer{}, fmt.Errorf("timestamping: %w", err)
		}
	}
	return l, nil
}

func (s *Signer) entryAnnotation(text, signed []byte) (string, error) {
	verifier, err := s.verifier()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256(text)
	body, err := hashedRekord(sum{"sha256", hex.EncodeToString(hash[:])}, signed, verifier)
	if err != nil {
		return "", err
	}
	entry, err := s.log("hashedrekord", body)
	if err != nil {
		return "", err
	}
	written, err := json.Marshal(map[string]any{
		"SignedEntryTimestamp": entry.InclusionPromise.SignedEntryTimestamp,
		"Payload": map[string]any{
			"body": body, "integratedTime": entry.IntegratedTime, "logIndex": entry.LogIndex,
			"logID": hex.EncodeToString(entry.LogId.KeyId),
		},
	})
	return string(written), err
}

func (s *Signer) stampAnnotation(signed []byte) (string, error) {
	stamp, err := s.sigstore.services.TimestampResponse(signed)
	if err != nil {
		return "", err
	}
	written, err := json.Marshal(map[string]any{"SignedRFC3161Timestamp": stamp})
	return string(written), err
}
