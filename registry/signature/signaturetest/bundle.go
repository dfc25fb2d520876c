package signaturetest

import (
	"crypto"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	"google.golang.org/protobuf/encoding/protojson"
)

// SignPredicate is the predicate type of cosign's signatures.
const SignPredicate = "https://sigstore.dev/cosign/sign/v1"

const (
	bundleType    = "application/vnd.dev.sigstore.bundle.v0.3+json"
	statementType = "application/vnd.in-toto+json"
)

// Statement is the in-toto statement about an image.
func Statement(digest, predicate string) ([]byte, error) {
	algorithm, hash, _ := strings.Cut(digest, ":")
	return json.Marshal(map[string]any{
		"_type": "https://in-toto.io/Statement/v1", "predicateType": predicate, "predicate": map[string]any{},
		"subject": []any{map[string]any{"digest": map[string]string{algorithm: hash}}},
	})
}

// Attest signs a statement and gives the bundle.
func (s *Signer) Attest(statement []byte) ([]byte, error) {
	signed, err := s.sign(dsse.PAE(statementType, statement), s.hash())
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	envelope := dsse.Envelope{
		PayloadType: statementType, Payload: base64.StdEncoding.EncodeToString(statement),
		Signatures: []dsse.Signature{{Sig: base64.StdEncoding.EncodeToString(signed)}},
	}
	written, err := json.Marshal(envelope)
	if err != nil {
		return nil, err
	}
	b := &protobundle.Bundle{Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
		PayloadType: statementType, Payload: statement, Signatures: []*protodsse.Signature{{Sig: signed}},
	}}}
	return s.finish(b, signed, "dsse", func(verifier []byte) ([]byte, error) {
		return dsseEntry(sumOf(crypto.SHA256, written), sumOf(crypto.SHA256, statement), signed, verifier)
	})
}

// SignMessage signs a text (an image's manifest) and gives the bundle.
func (s *Signer) SignMessage(text []byte) ([]byte, error) {
	signed, err := s.sign(text, s.hash())
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	h := s.hash().New()
	h.Write(text)
	algorithm := map[crypto.Hash]protocommon.HashAlgorithm{
		crypto.SHA256: protocommon.HashAlgorithm_SHA2_256,
		crypto.SHA384: protocommon.HashAlgorithm_SHA2_384,
		crypto.SHA512: protocommon.HashAlgorithm_SHA2_512,
	}[s.hash()]
	b := &protobundle.Bundle{Content: &protobundle.Bundle_MessageSignature{MessageSignature: &protocommon.MessageSignature{
		MessageDigest: &protocommon.HashOutput{Algorithm: algorithm, Digest: h.Sum(nil)}, Signature: signed,
	}}}
	return s.finish(b, signed, "hashedrekord", func(verifier []byte) ([]byte, error) {
		return hashedRekord(sumOf(s.hash(), text), signed, verifier)
	})
}

// finish adds what vouches for the signature, and writes the bundle.
func (s *Signer) finish(b *protobundle.Bundle, signed []byte, kind string, entry func(verifier []byte) ([]byte, error)) ([]byte, error) {
	b.MediaType, b.VerificationMaterial = bundleType, &protobundle.VerificationMaterial{}
	if err := s.setContent(b.VerificationMaterial); err != nil {
		return nil, err
	}
	if !s.options.NoEntry {
		verifier, err := s.verifier()
		if err != nil {
			return nil, err
		}
		body, err := entry(verifier)
		if err != nil {
			return nil, err
		}
		logged, err := s.log(kind, body)
		if err != nil {
			return nil, fmt.Errorf("logging: %w", err)
		}
		b.VerificationMaterial.TlogEntries = append(b.VerificationMaterial.TlogEntries, logged)
	}
	if s.options.Timestamped {
		stamp, err := s.sigstore.services.TimestampResponse(signed)
		if err != nil {
			return nil, fmt.Errorf("timestamping: %w", err)
		}
		b.VerificationMaterial.TimestampVerificationData = &protobundle.TimestampVerificationData{
			Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamp}},
		}
	}
	return protojson.Marshal(b)
}

func (s *Signer) setContent(m *protobundle.VerificationMaterial) error {
	if s.certificate != nil {
		m.Content = &protobundle.VerificationMaterial_Certificate{Certificate: &protocommon.X509Certificate{RawBytes: s.certificate.Raw}}
		return nil
	}
	der, err := PublicKey(s.key)
	if err != nil {
		return err
	}
	hint := sha256.Sum256(der)
	m.Content = &protobundle.VerificationMaterial_PublicKey{
		PublicKey: &protocommon.PublicKeyIdentifier{Hint: base64.StdEncoding.EncodeToString(hint[:])},
	}
	return nil
}

func sumOf(hash crypto.Hash, text []byte) sum {
	h := hash.New()
	h.Write(text)
	name := map[crypto.Hash]string{crypto.SHA256: "sha256", crypto.SHA384: "sha384", crypto.SHA512: "sha512"}[hash]
	return sum{name, hex.EncodeToString(h.Sum(nil))}
}
