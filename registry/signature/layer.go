package signature

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"

	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/tlog"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

// layerEntity is a signature of the signature tag in the terms of sigstore-go:
// a message signature, whose log entry came with a promise and no proof.
type layerEntity struct {
	content   verify.VerificationContent
	signature *bundle.MessageSignature
	entries   []*tlog.Entry
	stamps    [][]byte
}

// newLayerEntity reads all but the certificate from a layer's annotations.
func newLayerEntity(l layer, text []byte) (*layerEntity, error) {
	sig, err := base64.StdEncoding.DecodeString(l.Annotations[signatureKey])
	if err != nil || len(sig) == 0 {
		return nil, fmt.Errorf("a signature layer whose annotation %s isn't a signature in base64", signatureKey)
	}
	sum := sha256.Sum256(text)
	e := &layerEntity{signature: bundle.NewMessageSignature(sum[:], "sha256", sig)}
	if written := l.Annotations[logKey]; written != "" {
		entry, err := parseEntry(written)
		if err != nil {
			return nil, fmt.Errorf("a signature with an unreadable log entry: %w", err)
		}
		e.entries = []*tlog.Entry{entry}
	}
	if written := l.Annotations[timestampKey]; written != "" {
		var stamp struct{ SignedRFC3161Timestamp []byte }
		if err := json.Unmarshal([]byte(written), &stamp); err != nil {
			return nil, fmt.Errorf("a signature with an unreadable timestamp: %w", err)
		}
		e.stamps = [][]byte{stamp.SignedRFC3161Timestamp}
	}
	return e, checkStamps(e.stamps)
}

// signedBy is the same signature with what is to check it.
func (e *layerEntity) signedBy(content verify.VerificationContent) *layerEntity {
	own := *e
	own.content = content
	return &own
}

// The methods of verify.SignedEntity.

func (e *layerEntity) VerificationContent() (verify.VerificationContent, error) {
	return e.content, nil
}
func (e *layerEntity) SignatureContent() (verify.SignatureContent, error) { return e.signature, nil }
func (e *layerEntity) TlogEntries() ([]*tlog.Entry, error)                { return e.entries, nil }
func (e *layerEntity) Timestamps() ([][]byte, error)                      { return e.stamps, nil }
func (e *layerEntity) HasInclusionPromise() bool                          { return len(e.entries) > 0 }
func (e *layerEntity) HasInclusionProof() bool                            { return false }
func (e *layerEntity) Version() (string, error)                           { return "", nil }

// keyContent stands for the key that we hold.
func keyContent() verify.VerificationContent { return &bundle.PublicKey{} }

// parseEntry reads a log's entry, and its signed promise to keep it.
func parseEntry(written string) (*tlog.Entry, error) {
	var entry struct {
		SignedEntryTimestamp []byte
		Payload              struct {
			Body           []byte `json:"body"`
			IntegratedTime int64  `json:"integratedTime"`
			LogIndex       int64  `json:"logIndex"`
			LogID          string `json:"logID"`
		}
	}
	if err := json.Unmarshal([]byte(written), &entry); err != nil {
		return nil, err
	}
	var body struct {
		Kind       string `json:"kind"`
		APIVersion string `json:"apiVersion"`
	}
	if err := json.Unmarshal(entry.Payload.Body, &body); err != nil {
		return nil, fmt.Errorf("reading its body: %w", err)
	}
	id, err := hex.DecodeString(entry.Payload.LogID)
	if err != nil {
		return nil, fmt.Errorf("reading the log's name: %w", err)
	}
	return tlog.ParseTransparencyLogEntry(&protorekor.TransparencyLogEntry{
		LogIndex:          entry.Payload.LogIndex,
		LogId:             &protocommon.LogId{KeyId: id},
		KindVersion:       &protorekor.KindVersion{Kind: body.Kind, Version: body.APIVersion},
		IntegratedTime:    entry.Payload.IntegratedTime,
		InclusionPromise:  &protorekor.InclusionPromise{SignedEntryTimestamp: entry.SignedEntryTimestamp},
		CanonicalizedBody: entry.Payload.Body,
	})
}

// certified is a certificate with the authorities between it and a root.
type certified struct {
	*leaf
	between []*x509.Certificate
}

// leaf is the type by another name: as Certificate, the field would hide the method.
type leaf = bundle.Certificate

// Intermediates implements verify.VerificationContent. They are only ever links
// of a chain; where it must end, the trust root says.
func (c certified) Intermediates() []*x509.Certificate { return c.between }

// A stranger's keys are used on the way to finding out that nobody vouches for
// them, and a key of a megabit takes a minute. So what holds keys is small.
const (
	maxChain       = 8        // certificates; Fulcio's chain has two
	maxCertificate = 8 << 10  // bytes, in DER; Fulcio's have one kilobyte
	maxStamps      = 16 << 10 // bytes, of all timestamps of a signature; one has two to seven kilobytes
)

// checkStamps bounds timestamps, which hold certificates.
func checkStamps(stamps [][]byte) error {
	total := 0
	for _, stamp := range stamps {
		total += len(stamp)
	}
	if total > maxStamps {
		return fmt.Errorf("a signature with timestamps of %d bytes, of which at most %d are read", total, maxStamps)
	}
	return nil
}

// parseCertificate reads a signer's certificate, nil where there is none.
func parseCertificate(written, chain string) (verify.VerificationContent, error) {
	if written == "" {
		return nil, nil
	}
	own, err := parseCertificates(written)
	if err != nil || len(own) != 1 {
		return nil, errors.Join(errors.New("a signature with an unreadable certificate"), err)
	}
	between, err := parseCertificates(chain)
	if err != nil {
		return nil, fmt.Errorf("a signature with an unreadable chain of certificates: %w", err)
	}
	return certified{leaf: bundle.NewCertificate(own[0]), between: between}, nil
}

func parseCertificates(text string) ([]*x509.Certificate, error) {
	var list []*x509.Certificate
	for rest := []byte(text); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return list, nil
		}
		if len(list) == maxChain || len(block.Bytes) > maxCertificate {
			return nil, fmt.Errorf("expecting at most %d certificates of at most %d bytes", maxChain, maxCertificate)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		list = append(list, certificate)
	}
}
