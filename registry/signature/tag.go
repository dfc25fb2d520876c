package signature

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/towline-dev/towline/registry"
)

// cosign's media type of a signature's text, and the annotations of its layer
// (cosign, specs/SIGNATURE_SPEC.md).
const (
	payloadType    = "application/vnd.dev.cosign.simplesigning.v1+json"
	signatureKey   = "dev.cosignproject.cosign/signature"
	certificateKey = "dev.sigstore.cosign/certificate"
	chainKey       = "dev.sigstore.cosign/chain"
	logKey         = "dev.sigstore.cosign/bundle"
	timestampKey   = "dev.sigstore.cosign/rfc3161timestamp"
)

// absentList tells whether err says that there is no list or no tag, and so
// nothing signed in that format.
func absentList(err error) bool { return errors.Is(err, registry.ErrNotFound) }

// signatureTag goes through the layers of the image's signature tag.
func (s *search) signatureTag(ctx context.Context) {
	tag := strings.Replace(s.image.digest, ":", "-", 1) + ".sig"
	m, err := s.image.manifest(ctx, tag)
	if err != nil {
		if !absentList(err) {
			s.unread("reading the signature tag", err)
		}
		return
	}
	layers := slices.DeleteFunc(m.Layers, func(l layer) bool { return l.MediaType != payloadType })
	for _, l := range bound(s, layers, "signatures") {
		text, err := s.image.blob(ctx, l)
		if err != nil {
			if !s.unread("reading a signature's text", err) {
				return
			}
			continue
		}
		c, err := layerCandidate(s.image.digest, l, text)
		if err != nil {
			s.reject(ErrInvalid, "%v", err)
			continue
		}
		if s.judge(c); s.verdict != nil {
			return
		}
	}
}

// layerCandidate reads a signature from its layer.
func layerCandidate(digest string, l layer, text []byte) (candidate, error) {
	if err := checkPayload(digest, text); err != nil {
		return candidate{}, err
	}
	e, err := newLayerEntity(l, text)
	if err != nil {
		return candidate{}, err
	}
	certificate, err := parseCertificate(l.Annotations[certificateKey], l.Annotations[chainKey])
	if err != nil {
		return candidate{}, err
	}
	c := candidate{format: SignatureTag, artifact: overText(text), byKey: e.signedBy(keyContent())}
	if certificate != nil {
		c.byCertificate = e.signedBy(certificate)
	}
	return c, nil
}

// checkPayload holds a signed text to the digest. What else stands in it
// (the image's name, annotations) is the signer's to say and binds nobody.
func checkPayload(digest string, text []byte) error {
	var payload struct {
		Critical struct {
			Type  string `json:"type"`
			Image struct {
				Digest string `json:"docker-manifest-digest"`
			} `json:"image"`
		} `json:"critical"`
	}
	if err := json.Unmarshal(text, &payload); err != nil {
		return fmt.Errorf("a signature over an unreadable text: %w", err)
	}
	if payload.Critical.Type != "cosign container image signature" {
		return fmt.Errorf("a signature over a text of type %s", quote(payload.Critical.Type))
	}
	if payload.Critical.Image.Digest != digest {
		return fmt.Errorf("a signature of another image, %s", quote(payload.Critical.Image.Digest))
	}
	return nil
}
