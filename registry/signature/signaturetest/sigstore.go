package signaturetest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

// Sigstore is the services that stand behind keyless signatures. Its
// certificates, its logs' keys and its timestamps hold for an hour around New.
type Sigstore struct {
	services     *ca.VirtualSigstore // of which the transparency log and the timestamp authority are used
	root         *x509.Certificate
	intermediate *x509.Certificate
	issuingKey   *ecdsa.PrivateKey
	ctKey        *ecdsa.PrivateKey
}

// New makes services with fresh keys. The certificate authority is its own: that
// of sigstore-go's tests gives no proof of certificate transparency.
func New() (*Sigstore, error) {
	services, err := ca.NewVirtualSigstore()
	if err != nil {
		return nil, fmt.Errorf("making a sigstore: %w", err)
	}
	ctKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a certificate transparency log: %w", err)
	}
	s := &Sigstore{services: services, ctKey: ctKey}
	if err := s.makeAuthority(); err != nil {
		return nil, fmt.Errorf("making a certificate authority: %w", err)
	}
	return s, nil
}

// TrustRoot writes the services' trusted_root.json.
func (s *Sigstore) TrustRoot() ([]byte, error) {
	start, end := time.Now().Add(-2*time.Hour), time.Now().Add(2*time.Hour)
	ctID, err := keyID(&s.ctKey.PublicKey)
	if err != nil {
		return nil, err
	}
	ct := map[string]*root.TransparencyLog{hex.EncodeToString(ctID): {
		BaseURL: "https://ct.sigstore.test", ID: ctID, PublicKey: &s.ctKey.PublicKey,
		ValidityPeriodStart: start, ValidityPeriodEnd: end, HashFunc: crypto256, SignatureHashFunc: crypto256,
	}}
	logs := s.services.RekorLogs()
	for id, log := range logs {
		// The original gives its identity as hexadecimal digits.
		if log.ID, err = hex.DecodeString(id); err != nil {
			return nil, err
		}
	}
	authority := &root.FulcioCertificateAuthority{
		Root: s.root, Intermediates: []*x509.Certificate{s.intermediate},
		ValidityPeriodStart: start, ValidityPeriodEnd: end, URI: "https://fulcio.sigstore.test",
	}
	trust, err := root.NewTrustedRoot(root.TrustedRootMediaType01,
		append(s.services.FulcioCertificateAuthorities(), authority), ct, s.services.TimestampingAuthorities(), logs)
	if err != nil {
		return nil, fmt.Errorf("writing the trust root: %w", err)
	}
	return trust.MarshalJSON()
}

// keyID is a log's name: the SHA-256 of its public key (RFC 6962, section 3.2).
func keyID(public *ecdsa.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(der)
	return sum[:], nil
}
