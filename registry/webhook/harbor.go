package webhook

import "mime"

// Harbor's names of a push, in its own format and as CloudEvents.
const (
	harborPush       = "PUSH_ARTIFACT"
	harborPushedType = "harbor.artifact.pushed"
)

// harborData is what Harbor says of an event in either format.
type harborData struct {
	Resources []struct {
		Digest      string `json:"digest"`
		Tag         string `json:"tag"` // the digest where the artifact has no tag
		ResourceURL string `json:"resource_url"`
	} `json:"resources"`
	Repository struct {
		FullName string `json:"repo_full_name"`
	} `json:"repository"`
}

// parseHarbor reads a webhook of a Harbor project, in the payload format Default:
//
//	{"type": "PUSH_ARTIFACT", "event_data": {"resources": [{"digest", "tag",
//	 "resource_url": "harbor.example.com/shop/web:1.2.0"}], "repository": {"repo_full_name": "shop/web"}}}
//
// or in the format CloudEvents, of the type harbor.artifact.pushed, whose data is the
// same event_data. Other events are nothing of interest.
// https://goharbor.io/docs/main/working-with-projects/project-configuration/configure-webhooks/
func parseHarbor(m message) ([]image, error) {
	if mediaType, _, _ := mime.ParseMediaType(m.header.Get("Content-Type")); mediaType == structured {
		return parseCloudEvent(m)
	}
	var payload struct {
		Type string     `json:"type"`
		Data harborData `json:"event_data"`
	}
	if err := decode(m.body, &payload); err != nil {
		return nil, err
	}
	if payload.Type != harborPush {
		return nil, nil
	}
	return payload.Data.images(), nil
}

// images gives the artifacts. The name is that of the repository: the resource's
// address is needed for its host only.
func (d harborData) images() []image {
	var images []image
	for _, r := range d.Resources {
		i := reference(r.ResourceURL)
		if d.Repository.FullName != "" {
			i.path = d.Repository.FullName
		}
		i.tag, i.digest = r.Tag, r.Digest
		images = append(images, i)
	}
	return images
}
