package webhook

import "cmp"

// parseGCR reads a message of Google's Pub/Sub, pushed and wrapped, on the topic gcr
// to which Artifact Registry and Container Registry publish:
//
//	{"message": {"data": BASE64}, "subscription": "projects/…"}
//
// and in its data {"action": "INSERT", "digest": "HOST/PATH@sha256:…", "tag": "HOST/PATH:TAG"};
// the tag is missing where the image has none. DELETE is nothing of interest.
// https://cloud.google.com/artifact-registry/docs/configure-notifications
// https://cloud.google.com/pubsub/docs/push
func parseGCR(m message) ([]image, error) {
	var envelope struct {
		Message struct {
			Data []byte `json:"data"`
		} `json:"message"`
	}
	if err := decode(m.body, &envelope); err != nil {
		return nil, err
	}
	var change struct {
		Action string `json:"action"`
		Digest string `json:"digest"`
		Tag    string `json:"tag"`
	}
	if err := decode(envelope.Message.Data, &change); err != nil {
		return nil, err
	}
	if change.Action != "INSERT" {
		return nil, nil
	}
	i := reference(cmp.Or(change.Tag, change.Digest))
	i.digest = reference(change.Digest).digest
	return []image{i}, nil
}
