package webhook

import "strings"

// parseECR reads the event that Amazon EventBridge hands to an API destination when an
// image was pushed to ECR:
//
//	{"detail-type": "ECR Image Action", "account": "123456789012", "region": "eu-west-1",
//	 "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name", "image-tag", "image-digest"}}
//
// The registry's host is made of account and region. Other events, and pushes that
// failed, are nothing of interest.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
func parseECR(m message) ([]image, error) {
	var event struct {
		DetailType string `json:"detail-type"`
		Account    string `json:"account"`
		Region     string `json:"region"`
		Detail     struct {
			Action     string `json:"action-type"`
			Result     string `json:"result"`
			Repository string `json:"repository-name"`
			Tag        string `json:"image-tag"`
			Digest     string `json:"image-digest"`
		} `json:"detail"`
	}
	if err := decode(m.body, &event); err != nil {
		return nil, err
	}
	d := event.Detail
	if event.DetailType != "ECR Image Action" || d.Action != "PUSH" || d.Result != "SUCCESS" {
		return nil, nil
	}
	return []image{{host: ecrHost(event.Account, event.Region), path: d.Repository, tag: d.Tag, digest: d.Digest}}, nil
}

// ecrHost gives the private registry of an account in a region. China has a domain of
// its own.
func ecrHost(account, region string) string {
	if account == "" || region == "" {
		return ""
	}
	host := account + ".dkr.ecr." + region + ".amazonaws.com"
	if strings.HasPrefix(region, "cn-") {
		host += ".cn"
	}
	return host
}
