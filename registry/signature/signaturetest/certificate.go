package signaturetest

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"time"

	ct "github.com/google/certificate-transparency-go"
	"github.com/google/certificate-transparency-go/tls"
	"github.com/google/certificate-transparency-go/x509util"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
)

const crypto256 = crypto.SHA256

// life is how long a signer's certificate holds, as with Fulcio.
const life = 10 * time.Minute

// makeAuthority makes a root and an intermediate below it. That of sigstore-go's
// tests is two minutes old, too young for certificates of yesterday.
func (s *Sigstore) makeAuthority() error {
	parent, parentKey, err := ca.GenerateRootCa()
	if err != nil {
		return err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "intermediate", Organization: []string{"sigstore.test"}},
		NotBefore: parent.NotBefore, NotAfter: parent.NotAfter,
		KeyUsage: x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
	if err != nil {
		return err
	}
	s.root, s.issuingKey = parent, key
	s.intermediate, err = x509.ParseCertificate(der)
	return err
}

// certify issues a signer's certificate, as Fulcio does: first one for the
// certificate transparency log to sign, then the same with the log's signature.
func (s *Sigstore) certify(issuer, subject string, public crypto.PublicKey, at time.Time, withSCT bool) (*x509.Certificate, error) {
	template := &x509.Certificate{
		SerialNumber: big.NewInt(3), EmailAddresses: []string{subject},
		NotBefore: at, NotAfter: at.Add(life),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		ExtraExtensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 57264, 1, 1}, Value: []byte(issuer)}},
	}
	certificate, err := s.issue(template, public)
	if err != nil || !withSCT {
		return certificate, err
	}
	list, err := s.transparency(certificate, at)
	if err != nil {
		return nil, fmt.Errorf("signing for certificate transparency: %w", err)
	}
	template.ExtraExtensions = append(template.ExtraExtensions, pkix.Extension{
		Id: asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 4, 2}, Value: list,
	})
	return s.issue(template, public)
}

func (s *Sigstore) issue(template *x509.Certificate, public crypto.PublicKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, s.intermediate, public, s.issuingKey)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// transparency gives the list of signed certificate timestamps to embed (RFC
// 6962, section 3.3), with the one of our log.
func (s *Sigstore) transparency(certificate *x509.Certificate, at time.Time) ([]byte, error) {
	id, err := keyID(&s.ctKey.PublicKey)
	if err != nil {
		return nil, err
	}
	sct := ct.SignedCertificateTimestamp{SCTVersion: ct.V1, Timestamp: uint64(at.UnixMilli())}
	copy(sct.LogID.KeyID[:], id)
	input, err := ct.SerializeSCTSignatureInput(sct, ct.LogEntry{Leaf: ct.MerkleTreeLeaf{
		Version: ct.V1, LeafType: ct.TimestampedEntryLeafType,
		TimestampedEntry: &ct.TimestampedEntry{
			Timestamp: sct.Timestamp, EntryType: ct.PrecertLogEntryType,
			PrecertEntry: &ct.PreCert{
				IssuerKeyHash:  sha256.Sum256(s.intermediate.RawSubjectPublicKeyInfo),
				TBSCertificate: certificate.RawTBSCertificate,
			},
		},
	}})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(input)
	signed, err := ecdsa.SignASN1(rand.Reader, s.ctKey, sum[:])
	if err != nil {
		return nil, err
	}
	sct.Signature = ct.DigitallySigned{
		Algorithm: tls.SignatureAndHashAlgorithm{Hash: tls.SHA256, Signature: tls.ECDSA}, Signature: signed,
	}
	list, err := x509util.MarshalSCTsIntoSCTList([]*ct.SignedCertificateTimestamp{&sct})
	if err != nil {
		return nil, err
	}
	raw, err := tls.Marshal(*list)
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(raw)
}
