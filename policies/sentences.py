"""What each reason says to a member and to an admin, in French and English.

A member is told what happened to their own act and what helps; an admin is told what to look at. Neither is told who else
belongs to a group. Must not know: how or where a sentence is shown.
"""

from typing import Literal, NamedTuple

from policies.decision import Reason


class Words(NamedTuple):
    """The four sentences of one reason."""

    member_fr: str
    member_en: str
    admin_fr: str
    admin_en: str


WORDS: dict[Reason, Words] = {
    Reason.PEER_UNKNOWN: Words(
        "Cette instance ne fait pas partie du réseau de votre établissement.",
        "This instance is not part of your institution’s network.",
        "L’hôte n’est pas dans la liste des pairs et le réseau est fermé.",
        "The host is not listed as a peer and the network is closed.",
    ),
    Reason.PEER_PROPOSED: Words(
        "Votre établissement n’échange pas encore avec cette instance.",
        "Your institution does not exchange with this instance yet.",
        "Le pair est seulement proposé : rien ne passe, sauf les retraits.",
        "The peer is only proposed: nothing passes but retractions.",
    ),
    Reason.PEER_TRIAL: Words(
        "Cette instance est à l’essai : ce qu’elle envoie est relu avant d’être publié.",
        "This instance is on trial: what it sends is looked at before it appears.",
        "Le pair est à l’essai : ses contenus sont retenus, et seuls les messages publics lui parviennent.",
        "The peer is on trial: its content is held, and it gets public posts only.",
    ),
    Reason.PEER_QUARANTINED: Words(
        "Les échanges avec cette instance sont suspendus le temps d’une vérification ; l’envoi attend.",
        "Exchange with this instance is paused while it is being checked; what is sent waits.",
        "Le pair est en quarantaine : les contenus sont retenus dans les deux sens.",
        "The peer is quarantined: content is held both ways.",
    ),
    Reason.PEER_SUSPENDED: Words(
        "Votre établissement n’échange plus avec cette instance.",
        "Your institution no longer exchanges with this instance.",
        "Le pair, ou un domaine dont il dépend, est suspendu.",
        "The peer, or a domain above it, is suspended.",
    ),
    Reason.AGREEMENT_NOT_STARTED: Words(
        "L’accord avec cette instance n’a pas encore commencé ; l’envoi attend.",
        "The agreement with this instance has not started yet; what is sent waits.",
        "L’accord avec ce pair n’est pas encore en vigueur : le pair est traité comme en quarantaine.",
        "The agreement with this peer is not in force yet: the peer is treated as quarantined.",
    ),
    Reason.AGREEMENT_EXPIRED: Words(
        "L’accord avec cette instance a pris fin ; l’envoi attend son renouvellement.",
        "The agreement with this instance has ended; what is sent waits for its renewal.",
        "L’accord avec ce pair a expiré : le pair est traité comme en quarantaine.",
        "The agreement with this peer has expired: the peer is treated as quarantined.",
    ),
    Reason.LIST_EXPIRED: Words(
        "Les échanges avec cette instance attendent une confirmation ; l’envoi attend.",
        "Exchange with this instance waits for a confirmation; what is sent waits.",
        "La liste dont vient ce pair a expiré : le pair est traité comme en quarantaine.",
        "The list that this peer comes from has expired: the peer is treated as quarantined.",
    ),
    Reason.LIST_OLD: Words(
        "Cette liste d’établissements n’est plus à jour.",
        "This list of institutions is out of date.",
        "Une version plus récente de cette liste a déjà été reprise.",
        "A newer version of this list was taken already.",
    ),
    Reason.LIST_UNTRUSTED: Words(
        "Cette liste d’établissements n’est pas reconnue ici.",
        "This list of institutions is not recognised here.",
        "Les règles n’ont pas de liste de ce nom sous cette clé : voir « lists ».",
        "The rules trust no list of this name under this key: see “lists”.",
    ),
    Reason.DIRECTION: Words(
        "Votre établissement n’échange pas de contenus avec cette instance dans ce sens.",
        "Your institution does not exchange content with this instance in this direction.",
        "Le réglage « direction » de ce pair interdit ce sens.",
        "The peer’s “direction” setting forbids this direction.",
    ),
    Reason.PUBLIC_ONLY: Words(
        "Avec cette instance, seuls les messages publics sont échangés.",
        "Only public posts are exchanged with this instance.",
        "Un hôte absent de la liste ou à l’essai ne reçoit que des messages publics.",
        "A host that is not listed, or on trial, exchanges public posts only.",
    ),
    Reason.AUDIENCE_HELD: Words(
        "Votre établissement relit ce type de message avant de l’envoyer à cette instance.",
        "Your institution looks at posts of this kind before they go to this instance.",
        "Cette audience est réglée sur « hold » pour ce pair.",
        "This audience is set to “hold” for this peer.",
    ),
    Reason.AUDIENCE_REFUSED: Words(
        "Votre établissement n’envoie pas ce type de message à cette instance.",
        "Your institution does not send posts of this kind to this instance.",
        "Cette audience est réglée sur « deny », ou n’est pas citée, pour ce pair.",
        "This audience is set to “deny”, or not named, for this peer.",
    ),
    Reason.RECIPIENT_UNVERIFIED: Words(
        "Le message ne part que vers des professionnels vérifiés, et un destinataire ne l’est pas.",
        "This goes to verified professionals only, and a recipient is not one.",
        "Cette audience est réglée sur « verified » et un destinataire chez ce pair n’est pas vérifié.",
        "This audience is set to “verified” and a recipient at this peer is not verified.",
    ),
    Reason.STRANGER: Words(
        "Cette personne n’est pas vérifiée : sa demande n’entre pas d’elle-même.",
        "This person is not verified: the request does not come in by itself.",
        "Abonnement ou message direct d’une personne non vérifiée : voir « strangers ».",
        "A follow or direct message of somebody unverified: see “strangers”.",
    ),
    Reason.NOT_CAPABLE: Words(
        "Cette instance ne garantit pas que les messages d’un groupe restent dans le groupe.",
        "This instance does not ensure that a group’s posts stay within the group.",
        "L’hôte ne déclare pas le profil group-only.",
        "The host does not declare the group-only profile.",
    ),
    Reason.NO_MEMBER_THERE: Words(
        "Aucun destinataire de ce message sur cette instance.",
        "Nobody on this instance is a recipient of this post.",
        "Aucune appartenance au groupe n’est enregistrée pour cet hôte.",
        "No membership of the group is recorded for this host.",
    ),
    Reason.UNCONFIRMED: Words(
        "Après une restauration, les appartenances au groupe sont vérifiées : ceci attend jusque-là.",
        "After a restore the memberships of the group are being checked: this waits until then.",
        "Instance restaurée : l’hôte n’a pas encore relu ses membres du groupe.",
        "Restored instance: the host has not read its members of the group since.",
    ),
    Reason.OUT_OF_REACH: Words(
        "Ce groupe n’est pas ouvert à cette instance.",
        "This group is not open to this instance.",
        "L’hôte est hors de la portée du groupe, ou de celle que lui laisse la politique.",
        "The host is outside the group’s reach, or what the policy leaves of it.",
    ),
    Reason.ONWARD_REFUSED: Words(
        "Ce groupe transmet ses messages à une instance que votre établissement refuse.",
        "This group passes its posts on to an instance that your institution refuses.",
        "Un hôte à portée du groupe est refusé par la politique : le message ne part pas.",
        "A host within the group’s reach is refused by the policy: the post does not leave.",
    ),
    Reason.KIND_REFUSED: Words(
        "Votre établissement n’échange pas ce type de contenu avec cette instance.",
        "Your institution does not exchange content of this kind with this instance.",
        "Les « kinds » de ce pair refusent ce que porte ce contenu, ou l’en ôteraient d’un message de groupe, qui est signé.",
        "The peer’s “kinds” refuse what this carries, or would leave it out of a group’s post, which is signed.",
    ),
    Reason.KIND_LEFT_OUT: Words(
        "Une partie du message (fichiers, sondage ou profil) n’est pas échangée avec cette instance.",
        "Part of this (files, poll or profile) is not exchanged with this instance.",
        "Les « kinds » de ce pair sont réglés sur « strip » : le reste est passé sans elle.",
        "The peer’s “kinds” are set to “strip”: the rest passed without it.",
    ),
    Reason.HELD_FULL: Words(
        "Trop de messages attendent déjà une vérification avec cette instance ; celui-ci n’est pas gardé.",
        "Too much is already waiting to be looked at with this instance; this is not kept.",
        "Le nombre ou la taille de ce qui est retenu pour ce pair est atteint : voir « limits.held ».",
        "As much is held for this peer as may be: see “limits.held”.",
    ),
    Reason.HELD_TOO_LONG: Words(
        "Le message a attendu trop longtemps une vérification et n’est plus envoyé.",
        "This waited too long to be looked at and is not sent any more.",
        "Retenu plus longtemps que « limits.held_days » : abandonné.",
        "Held for longer than “limits.held_days”: dropped.",
    ),
    Reason.RETENTION_OVER: Words(
        "Ce message est plus ancien que ce que l’accord avec cette instance permet de conserver.",
        "This post is older than the agreement with this instance lets us keep.",
        "Plus ancien que « retention_days » de ce pair : ni reçu ni conservé.",
        "Older than the peer’s “retention_days”: neither taken nor kept.",
    ),
    Reason.GROUP_NOT_JOINED: Words(
        "Vous ne faites pas partie de ce groupe.",
        "You do not belong to this group.",
        "Contenu de groupe reçu sans appartenance valide ici.",
        "Group content without a live membership here.",
    ),
    Reason.TWO_GROUPS: Words(
        "Un message ne peut pas être adressé à deux groupes privés.",
        "A post cannot be addressed to two private groups.",
        "Le message concerne plus d’un groupe privé.",
        "The post concerns more than one private group.",
    ),
    Reason.GROUP_MISSPELT: Words(
        "Ce nom ressemble à celui d’un de vos groupes. Corrigez-le, ou le message n’irait pas au groupe.",
        "This name looks like that of one of your groups. Correct it, or the post would not go to the group.",
        "Un nom inconnu du message ressemble à celui d’un groupe de l’auteur.",
        "An unknown name in the post looks like that of a group of its author.",
    ),
    Reason.NOT_A_MEMBER: Words(
        "Il faut appartenir à ce groupe pour y publier.",
        "Only members of this group may post to it.",
        "L’auteur n’est pas, ou plus, membre du groupe.",
        "The author is not, or no longer, a member of the group.",
    ),
    Reason.MODERATORS_ONLY: Words(
        "Seuls les modérateurs publient dans ce groupe.",
        "Only moderators post to this group.",
        "Le groupe réserve la publication à ses modérateurs.",
        "The group keeps posting to its moderators.",
    ),
    Reason.THREAD_LOCKED: Words(
        "Les modérateurs ont fermé cette discussion.",
        "The moderators have closed this discussion.",
        "Les modérateurs du groupe ont fermé la discussion aux nouvelles réponses.",
        "The group’s moderators have closed the thread to new replies.",
    ),
    Reason.GROUP_CLOSED: Words(
        "Ce groupe est archivé : on peut le lire, plus y publier ni y entrer.",
        "This group is archived: it can be read, and nobody posts to it or joins it any more.",
        "Le groupe est fermé : voir `confrere group show`.",
        "The group is closed: see `confrere group show`.",
    ),
    Reason.HOME_ANSWERS: Words(
        "L’établissement de ce groupe répond, ou se tait depuis trop peu de temps.",
        "The institution of this group answers, or has not been silent for long enough.",
        "Un groupe n’est déclaré perdu qu’après sept jours sans réponse de son établissement.",
        "A group is declared lost only after seven days without an answer of its home.",
    ),
    Reason.NOT_ROUTED: Words(
        "Ce message n’est pas une question de la spécialité de cet autre groupe.",
        "This post is no question of the other group’s specialty.",
        "Les étiquettes du message ne désignent pas la spécialité du groupe.",
        "The post’s tags do not name the group’s specialty.",
    ),
    Reason.GROUP_UNMODERATED: Words(
        "Plus personne ne modère ce groupe : il attend que votre établissement nomme quelqu’un.",
        "Nobody moderates this group any more: it waits until your institution names somebody.",
        "Le groupe n’a plus de modérateur : nommez-en un avec `confrere group moderator`.",
        "The group has no moderator left: name one with `confrere group moderator`.",
    ),
    Reason.GROUP_WITHOUT_FILES: Words(
        "Ce groupe n’accepte ni images ni autres fichiers.",
        "This group takes no pictures or other files.",
        "Les réglages du groupe excluent les fichiers.",
        "The group’s settings leave files out.",
    ),
    Reason.MENTIONS_GROUP: Words(
        "Le message mentionne un groupe privé : seuls ses membres le verront.",
        "The post mentions a private group: only its members will see it.",
        "Message réservé au groupe parce qu’il le mentionne.",
        "Made group-only because it mentions the group.",
    ),
    Reason.GROUP_AS_TEXT: Words(
        "Message direct : le nom du groupe est resté du texte, le groupe ne le reçoit pas.",
        "Direct message: the group’s name is plain text, the group does not get it.",
        "Mention du groupe ignorée dans un message direct.",
        "The group’s mention is ignored in a direct message.",
    ),
    Reason.OUTSIDERS_NOT_TOLD: Words(
        "Des personnes mentionnées n’ont pas accès à ce message ; elles n’ont pas été prévenues.",
        "Some of the people mentioned have no access to this post; they have not been told.",
        "Mentions hors de l’audience : non adressées.",
        "Mentions outside the audience: not addressed.",
    ),
    Reason.REPLY_NARROWED: Words(
        "Une réponse ne va pas plus loin que le message auquel elle répond.",
        "A reply goes no further than the post that it answers.",
        "Audience de la réponse ramenée à celle du message d’origine.",
        "The reply’s audience was narrowed to that of its parent.",
    ),
    Reason.REPLY_WIDENS: Words(
        "Cette réponse atteindrait des personnes qui ne voient pas le message d’origine.",
        "This reply would reach people who do not see the post that it answers.",
        "La réponse aurait une audience plus large que le message d’origine.",
        "The reply would have a wider audience than its parent.",
    ),
    Reason.EDIT_WIDENS: Words(
        "Une modification ne peut pas élargir l’audience d’un message.",
        "An edit cannot widen the audience of a post.",
        "La modification changerait l’audience ou le groupe du message.",
        "The edit would change the post’s audience or group.",
    ),
    Reason.NOT_AUTHOR: Words(
        "Seul l’auteur peut modifier un message.",
        "Only its author may edit a post.",
        "La modification ne vient pas de l’auteur.",
        "The edit does not come from the author.",
    ),
    Reason.GROUP_NOT_SHAREABLE: Words(
        "Un message de groupe ne peut être ni partagé ni cité.",
        "A group’s post can be neither boosted nor quoted.",
        "Partage ou citation d’un message réservé à un groupe.",
        "A boost or quote of a group-only post.",
    ),
    Reason.NOT_SHAREABLE: Words(
        "Ce message n’est pas public : il ne peut être ni partagé ni cité.",
        "This post is not public: it can be neither boosted nor quoted.",
        "Partage ou citation d’un message restreint.",
        "A boost or quote of a restricted post.",
    ),
    Reason.SHARE_NARROWED: Words(
        "Le partage ne va pas plus loin que le message d’origine.",
        "The boost or quote goes no further than the original post.",
        "Audience du partage ramenée à celle du message d’origine.",
        "The audience of the boost or quote was narrowed to that of the original.",
    ),
    Reason.QUOTE_REFUSED: Words(
        "L’auteur de ce message ne permet pas que vous le citiez.",
        "The author of this post does not let you quote it.",
        "L’auteur cité ne permet pas la citation.",
        "The quoted author does not allow the quote.",
    ),
    Reason.QUOTE_UNASKED: Words(
        "Il faudrait demander à l’auteur de ce message : on ne le cite pas dans un groupe.",
        "The author of this post would have to be asked: it cannot be quoted in a group.",
        "Citation dans un groupe d’un message dont l’auteur devrait être consulté.",
        "A quote in a group of a post whose author would have to be asked.",
    ),
    Reason.QUOTED_NOT_NAMED: Words(
        "Dans un message direct, on ne cite que ses propres messages ou ceux d’un destinataire.",
        "A direct message can only quote your own posts or those of somebody it is sent to.",
        "Citation, dans un message direct, d’un auteur qui n’en est pas destinataire.",
        "A quote in a direct message whose author it is not sent to.",
    ),
    Reason.NOT_ATTESTED: Words(
        "Aucune vérification professionnelle n’est enregistrée.",
        "No professional verification is on record.",
        "Aucune attestation pour cette personne.",
        "There is no attestation for this person.",
    ),
    Reason.ISSUER_NOT_TRUSTED: Words(
        "La vérification vient d’un organisme que votre établissement ne reconnaît pas.",
        "The verification comes from a body that your institution does not recognise.",
        "L’émetteur de l’attestation n’est pas l’instance d’un pair actif.",
        "The attestation’s issuer is not the instance actor of an active peer.",
    ),
    Reason.LEVEL_NOT_ACCEPTED: Words(
        "Le niveau de vérification de cette instance n’est pas accepté ici.",
        "This instance’s level of verification is not accepted here.",
        "Le niveau attesté est inférieur à « accept_levels_from » pour ce pair.",
        "The attested level is below this peer’s “accept_levels_from”.",
    ),
    Reason.LEVEL_TOO_LOW: Words(
        "Le niveau de vérification est insuffisant.",
        "The level of verification is too low.",
        "Le niveau de preuve est inférieur à celui demandé.",
        "The evidence level is below what is asked.",
    ),
    Reason.ATTESTATION_NOT_STARTED: Words(
        "La vérification n’est pas encore valable.",
        "The verification is not valid yet.",
        "L’attestation commence plus tard.",
        "The attestation starts later.",
    ),
    Reason.ATTESTATION_EXPIRED: Words(
        "La vérification a expiré ; il faut la renouveler.",
        "The verification has expired and needs renewal.",
        "L’attestation a expiré.",
        "The attestation has expired.",
    ),
    Reason.ATTESTATION_REVOKED: Words(
        "La vérification a été retirée.",
        "The verification has been withdrawn.",
        "L’attestation est révoquée.",
        "The attestation is revoked.",
    ),
    Reason.ATTESTATION_STALE: Words(
        "La vérification n’a pas pu être confirmée récemment ; réessayez plus tard.",
        "The verification could not be confirmed lately; try again later.",
        "L’émetteur n’a pas confirmé l’attestation dans le délai demandé.",
        "The issuer has not confirmed the attestation within the time asked.",
    ),
    Reason.NOT_A_CLINICIAN: Words(
        "Réservé aux professionnels de santé.",
        "For health professionals only.",
        "La profession attestée n’est pas une profession de santé, ou est en formation.",
        "The attested profession is not a clinician’s, or is a student’s.",
    ),
    Reason.WRONG_PROFESSION: Words(
        "Réservé à d’autres professions.",
        "For other professions only.",
        "La profession attestée n’est pas parmi celles demandées.",
        "The attested profession is not among those asked for.",
    ),
    Reason.WRONG_SPECIALTY: Words(
        "Réservé à d’autres spécialités.",
        "For other specialties only.",
        "Aucune spécialité attestée n’est parmi celles demandées.",
        "No attested specialty is among those asked for.",
    ),
    Reason.WRONG_COUNTRY: Words(
        "Le groupe est réservé à d’autres pays d’exercice que celui qui est attesté.",
        "The group is for other countries of practice than the attested one.",
        "Le pays attesté n’est pas parmi ceux demandés.",
        "The attested country is not among those asked for.",
    ),
    Reason.BANNED: Words(
        "Vous ne pouvez pas rejoindre ce groupe.",
        "You cannot join this group.",
        "La personne est exclue du groupe.",
        "The person is banned from the group.",
    ),
    Reason.INVITATION_NEEDED: Words(
        "On rejoint ce groupe sur invitation.",
        "This group is joined by invitation.",
        "Le groupe est sur invitation et la personne n’en a pas.",
        "The group is by invitation and the person has none.",
    ),
    Reason.AWAITS_MODERATOR: Words(
        "La demande attend un modérateur du groupe.",
        "The request waits for a moderator of the group.",
        "Le groupe admet sur demande.",
        "The group admits by request.",
    ),
    Reason.DAILY_CAP: Words(
        "Beaucoup de demandes aujourd’hui : celle-ci attend un modérateur.",
        "There are many requests today: this one waits for a moderator.",
        "Le nombre de nouveaux membres par hôte et par jour est atteint.",
        "The number of new members per host and day is reached.",
    ),
    Reason.FIRST_OF_HOST: Words(
        "Première personne de cette instance dans le groupe.",
        "First person of this instance in the group.",
        "Premier membre de cet hôte : les messages du groupe y parviendront.",
        "First member of this host: the group’s posts will go there.",
    ),
    Reason.NOT_MODERATOR: Words(
        "Seul un modérateur du groupe peut le faire.",
        "Only a moderator of the group may do this.",
        "La personne ne modère pas ce groupe.",
        "The person does not moderate this group.",
    ),
    Reason.NO_MODERATOR_LEFT: Words(
        "Le groupe n’aurait plus de modérateur.",
        "The group would have no moderator left.",
        "Dernier modérateur du groupe : nommez-en un autre.",
        "Last moderator of the group: appoint another.",
    ),
    Reason.PEOPLE_ONLY: Words(
        "Seules des personnes rejoignent un groupe privé.",
        "Only people join a private group.",
        "Une chaîne ou un service demande à rejoindre un groupe privé.",
        "A channel or a service asks to join a private group.",
    ),
    Reason.EPOCH_OLD: Words(
        "Un changement plus récent a déjà été appliqué.",
        "A later change has been applied already.",
        "Acte d’appartenance plus ancien que le dernier connu : ignoré.",
        "A membership act older than the last one known: ignored.",
    ),
    Reason.EPOCH_MOVED: Words(
        "La liste des membres a changé.",
        "The list of members has changed.",
        "L’époque du groupe a avancé : la tranche est à relire.",
        "The group’s epoch has moved: the slice is due.",
    ),
    Reason.AWAITS_APPROVAL: Words(
        "Ce changement de politique attend l’accord d’un autre administrateur.",
        "This change of policy waits for another administrator.",
        "Le projet élargit ce qui est permis : un second administrateur doit l’approuver (seul : après 24 heures).",
        "The draft widens what is allowed: a second admin must approve it (alone: after 24 hours).",
    ),
    Reason.OWN_DRAFT: Words(
        "Un autre administrateur doit approuver ce changement.",
        "Another administrator must approve this change.",
        "L’auteur d’un projet ne peut pas l’approuver lui-même.",
        "The author of a draft cannot approve it.",
    ),
    Reason.AWAITS_SECOND: Words(
        "Une seconde personne doit donner son accord.",
        "A second person must agree.",
        "Un second administrateur doit donner son accord : `confrere group break-glass --approve`.",
        "A second admin must agree: `confrere group break-glass --approve`.",
    ),
    Reason.LOOK_OVER: Words(
        "L’accès exceptionnel à ce groupe est terminé.",
        "The exceptional access to this group is over.",
        "L’accès exceptionnel n’est pas ouvert, ou son heure est passée.",
        "The glass is not broken, or its hour is over.",
    ),
    Reason.NOT_OPERATOR: Words(
        "Vous n’animez pas, ou plus, cette chaîne.",
        "You do not, or no longer, run this channel.",
        "La personne n’est pas parmi celles qui animent cette chaîne.",
        "The person is not among those who run this channel.",
    ),
    Reason.ACCOUNT_CLOSED: Words(
        "Ce compte est fermé.",
        "This account is closed.",
        "Le compte de la personne, ou celui au nom duquel elle agit, est fermé.",
        "The person’s account, or the one they act as, is closed.",
    ),
    Reason.UNSIGNED: Words(
        "La demande n’est pas signée.",
        "The request is not signed.",
        "Demande sans signature : 401.",
        "A request without signature: 401.",
    ),
    Reason.HOST_NOT_ADMITTED: Words(
        "Cette instance n’est pas admise.",
        "This instance is not admitted.",
        "L’état de l’hôte ne lui permet pas de lire ici : 403.",
        "The host’s state does not let it read here: 403.",
    ),
    Reason.NOT_FOUND: Words(
        "Introuvable.",
        "Not found.",
        "Absent, ou invisible pour qui le demande : 404.",
        "Absent, or not visible to who asked: 404.",
    ),
    Reason.ROLE: Words(
        "Votre rôle ne le permet pas.",
        "Your role does not allow this.",
        "Le rôle ne couvre pas cet acte.",
        "The role does not cover this act.",
    ),
    Reason.UNDECIDED: Words(
        "Refusé par précaution.",
        "Refused as a precaution.",
        "Aucune règle n’a répondu : refusé.",
        "No rule answered: refused.",
    ),
}


def sentence(
    reason: Reason, *, reader: Literal["member", "admin"], language: Literal["fr", "en"], about: str = ""
) -> str:
    """The sentence of a reason for a reader, naming the host or group it is `about` when the decision does."""
    words = WORDS[reason]
    if reader == "member":
        text = words.member_fr if language == "fr" else words.member_en
    else:
        text = words.admin_fr if language == "fr" else words.admin_en
    return f"{text[:-1]} ({about})." if about else text
