package signaturetest

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const payloadType = "application/vnd.dev.cosign.simplesigning.v1+json"

// PushLayers pushes signatures under the image's signature tag, in place of
// those that are there. The repository is written with its host, whose name must
// be one that go-containerregistry takes for local: it is spoken to in plain HTTP.
func PushLayers(repository, digest string, layers ...Layer) error {
	img := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	var list []mutate.Addendum
	for _, l := range layers {
		list = append(list, mutate.Addendum{Layer: static.NewLayer(l.Payload, payloadType), Annotations: l.Annotations})
	}
	img, err := mutate.Append(img, list...)
	if err != nil {
		return fmt.Errorf("making the signatures' image: %w", err)
	}
	tag, err := name.NewTag(repository + ":" + strings.Replace(digest, ":", "-", 1) + ".sig")
	if err != nil {
		return fmt.Errorf("naming the signature tag: %w", err)
	}
	if err := remote.Write(tag, img); err != nil {
		return fmt.Errorf("pushing the signature tag: %w", err)
	}
	return nil
}

// PushBundle pushes a bundle that refers to the image. The predicate type is for
// the manifest's annotations; it is left out when empty.
func PushBundle(repository, digest string, bundle []byte, predicate string) error {
	subject, err := name.NewDigest(repository + "@" + digest)
	if err != nil {
		return fmt.Errorf("naming the image: %w", err)
	}
	image, err := remote.Head(subject)
	if err != nil {
		return fmt.Errorf("looking for the image: %w", err)
	}
	config, layer := static.NewLayer([]byte("{}"), emptyType), static.NewLayer(bundle, bundleType)
	for _, blob := range []v1.Layer{config, layer} {
		if err := remote.WriteLayer(subject.Repository, blob); err != nil {
			return fmt.Errorf("pushing the bundle: %w", err)
		}
	}
	m, err := bundleManifest(image, config, layer, predicate)
	if err != nil {
		return fmt.Errorf("describing the bundle: %w", err)
	}
	sum, _, err := v1.SHA256(strings.NewReader(string(m)))
	if err != nil {
		return fmt.Errorf("describing the bundle: %w", err)
	}
	if err := remote.Put(subject.Digest(sum.String()), rawManifest(m)); err != nil {
		return fmt.Errorf("pushing the bundle's manifest: %w", err)
	}
	return nil
}

const emptyType = "application/vnd.oci.empty.v1+json"

func bundleManifest(image *v1.Descriptor, config, layer v1.Layer, predicate string) ([]byte, error) {
	descriptors := make([]v1.Descriptor, 0, 2)
	for _, blob := range []v1.Layer{config, layer} {
		digest, err := blob.Digest()
		if err != nil {
			return nil, err
		}
		size, err := blob.Size()
		if err != nil {
			return nil, err
		}
		mediaType, err := blob.MediaType()
		if err != nil {
			return nil, err
		}
		descriptors = append(descriptors, v1.Descriptor{MediaType: mediaType, Digest: digest, Size: size})
	}
	annotations := map[string]string{"org.opencontainers.image.created": "2026-01-02T03:04:05Z"}
	if predicate != "" {
		annotations["dev.sigstore.bundle.content"] = "dsse-envelope"
		annotations["dev.sigstore.bundle.predicateType"] = predicate
	}
	return json.Marshal(v1.Manifest{
		SchemaVersion: 2, MediaType: types.OCIManifestSchema1, ArtifactType: bundleType,
		Config: descriptors[0], Layers: descriptors[1:], Annotations: annotations,
		Subject: &v1.Descriptor{MediaType: image.MediaType, Digest: image.Digest, Size: image.Size},
	})
}

// rawManifest is a manifest to put as it is.
type rawManifest []byte

// RawManifest implements remote.Taggable.
func (m rawManifest) RawManifest() ([]byte, error) { return m, nil }

// MediaType tells the registry what it is.
func (rawManifest) MediaType() (types.MediaType, error) { return types.OCIManifestSchema1, nil }
