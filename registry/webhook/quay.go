package webhook

import (
	"encoding/json"
	"maps"
	"slices"
)

// parseQuay reads Quay's notification of the event repo_push:
//
//	{"docker_url": "quay.io/acme/web", "repository": "acme/web", "updated_tags": ["1.2.0"]}
//
// Old versions wrote the tags as an object, tag by image. A notification of another
// event has no updated_tags, and is nothing of interest.
// https://docs.redhat.com/en/documentation/red_hat_quay/ (Repository Notifications)
func parseQuay(m message) ([]image, error) {
	var payload struct {
		DockerURL   string          `json:"docker_url"`
		UpdatedTags json.RawMessage `json:"updated_tags"`
	}
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	tags, err := quayTags(payload.UpdatedTags)
	if err != nil {
		return nil, err
	}
	var images []image
	for _, tag := range tags {
		i := reference(payload.DockerURL)
		i.tag = tag
		images = append(images, i)
	}
	return images, nil
}

func quayTags(data json.RawMessage) ([]string, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if data[0] != '{' {
		var tags []string
		err := decode(data, &tags)
		return tags, err
	}
	var images map[string]json.RawMessage
	err := decode(data, &images)
	return slices.Sorted(maps.Keys(images)), err
}
