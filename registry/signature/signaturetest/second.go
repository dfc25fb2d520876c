package signaturetest

import (
	"encoding/base64"
	"fmt"

	protobundle "github.com/sigstore/protobuf-specs/gen/pb-go/bundle/v1"
	protocommon "github.com/sigstore/protobuf-specs/gen/pb-go/common/v1"
	protodsse "github.com/sigstore/protobuf-specs/gen/pb-go/dsse"
	protorekor "github.com/sigstore/protobuf-specs/gen/pb-go/rekor/v1"
	"github.com/sigstore/sigstore-go/pkg/testing/ca"
	"google.golang.org/protobuf/encoding/protojson"
)

// AttestSecond signs a statement keyless as cosign 3 does by default: logged in
// the second version of the transparency log, which proves inclusion and tells no
// time, and timestamped. The certificate is of a second authority, which the
// trust root names as well, and which has no certificate transparency log.
func (s *Sigstore) AttestSecond(issuer, subject string, statement []byte) ([]byte, error) {
	entity, err := s.services.AttestHashedRekordV2(subject, issuer, statement)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	return writeEntity(entity, statement)
}

func writeEntity(entity *ca.TestEntity, statement []byte) ([]byte, error) {
	content, err := entity.VerificationContent()
	if err != nil {
		return nil, err
	}
	signed, err := entity.SignatureContent()
	if err != nil {
		return nil, err
	}
	entries, err := entity.TlogEntries()
	if err != nil {
		return nil, err
	}
	stamps, err := entity.Timestamps()
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 || len(stamps) != 1 {
		return nil, fmt.Errorf("expecting a log entry and a timestamp, found %d and %d", len(entries), len(stamps))
	}
	sig, err := base64.StdEncoding.DecodeString(signed.EnvelopeContent().RawEnvelope().Signatures[0].Sig)
	if err != nil {
		return nil, err
	}
	return protojson.Marshal(&protobundle.Bundle{
		MediaType: bundleType,
		VerificationMaterial: &protobundle.VerificationMaterial{
			Content: &protobundle.VerificationMaterial_Certificate{
				Certificate: &protocommon.X509Certificate{RawBytes: content.Certificate().Raw},
			},
			TlogEntries: []*protorekor.TransparencyLogEntry{entries[0].TransparencyLogEntry()},
			TimestampVerificationData: &protobundle.TimestampVerificationData{
				Rfc3161Timestamps: []*protocommon.RFC3161SignedTimestamp{{SignedTimestamp: stamps[0]}},
			},
		},
		Content: &protobundle.Bundle_DsseEnvelope{DsseEnvelope: &protodsse.Envelope{
			PayloadType: statementType, Payload: statement, Signatures: []*protodsse.Signature{{Sig: sig}},
		}},
	})
}
