package bot

import (
	"context"
	"net/http"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"teamspro/cards"
)

// Notices go to thousands of conversations, and their cards come as bytes. For them there is a way past the library,
// which would copy the whole activity some ten times and read the card once more. It makes the same requests.

// SendCard posts a message that is a card, as Send does, with half the work.
func (c *Connector) SendCard(ctx context.Context, to Target, card cards.Card) (string, error) {
	const op = "connector.SendCard"
	answer, err := c.card(ctx, op, http.MethodPost, to, card, "conversations", to.Conversation, "activities")
	if err != nil {
		return "", err
	}
	return (&connectorCall{answer: answer}).id(), nil
}

// UpdateCard replaces a message of this bot with a card, as Update does.
func (c *Connector) UpdateCard(ctx context.Context, to Target, id string, card cards.Card) error {
	const op = "connector.UpdateCard"
	if err := checkID(op, id); err != nil {
		return err
	}
	_, err := c.card(ctx, op, http.MethodPut, to, card, "conversations", to.Conversation, "activities", id)
	return err
}

func (c *Connector) card(ctx context.Context, op, method string, to Target, card cards.Card, parts ...string) ([]byte, error) {
	ref, call, err := c.aim(op, to)
	if err != nil {
		return nil, err
	}
	u, err := c.address(to.ServiceURL, parts...)
	if err != nil {
		return nil, connectorFault(op, err)
	}
	answer, err := c.request(ctx, call, method, *u, cardHead(ref, card), card.JSON(), []byte(cardEnd))
	return answer, connectorFault(op, err)
}

// cardHead is what stands before a card in a message activity, as the library's way writes it, and cardEnd what stands behind it.
// The card itself is not copied: thousands of messages have the same.
func cardHead(ref schema.ConversationReference, card cards.Card) []byte {
	const room = 512 // bytes, as a rule
	head := make([]byte, 0, len(card.Summary())+room)
	for _, part := range [...]struct{ before, value string }{
		{`{"type":`, string(schema.Message)}, {`,"serviceUrl":`, ref.ServiceURL}, {`,"channelId":`, ref.ChannelID}, {`,"from":{"id":`, ref.Bot.ID},
		{`},"conversation":{"id":`, ref.Conversation.ID}, {`,"tenantId":`, ref.Conversation.TenantID}, {`},"summary":`, card.Summary()},
		{`,"attachments":[{"contentType":`, card.Type()},
	} {
		head = cards.AppendString(append(head, part.before...), part.value)
	}
	return append(head, `,"content":`...)
}

const cardEnd = `}]}`
