"""The words that every policy uses: audiences, levels, states, roles, and our table of professions and specialties.

Must not know: rules or facts. Codes are our own; the ANS, ISCO and SNOMED codes that others use are mapped elsewhere.
"""

import re
from enum import IntEnum, StrEnum
from typing import NamedTuple

NS = "https://w3id.org/confrere/ns#"
GROUP_ONLY = NS + "group-only-1"


class Audience(StrEnum):
    """Who a post is for. GROUP is exactly the present members of one private group."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    FOLLOWERS = "followers"
    GROUP = "group"
    DIRECT = "direct"


class Level(IntEnum):
    """How sure a home instance is that its member is a health professional."""

    DECLARED = 0
    VOUCHED = 1
    INSTITUTION = 2
    CHECKED = 3
    REGISTER = 4
    STRONG = 5


class PeerState(StrEnum):
    """How far we go with another host. UNKNOWN is what no ruleset lists."""

    UNKNOWN = "unknown"
    PROPOSED = "proposed"
    TRIAL = "trial"
    ACTIVE = "active"
    QUARANTINED = "quarantined"
    SUSPENDED = "suspended"


class Kind(StrEnum):
    """What an activity does to the boundary: rules govern CONTENT, states also CONTROL; a RETRACTION always passes."""

    CONTENT = "content"
    CONTROL = "control"
    RETRACTION = "retraction"


class Part(StrEnum):
    """What an activity carries, as far as an institution may want it or not."""

    POSTS = "posts"
    REPLIES = "replies"
    MEDIA = "media"
    POLLS = "polls"
    REACTIONS = "reactions"
    PROFILES = "profiles"
    REPORTS = "reports"


class Role(StrEnum):
    """What a member may do for the institution."""

    ADMIN = "admin"
    AUDITOR = "auditor"
    VERIFIER = "verifier"
    MODERATOR = "moderator"
    MEMBER = "member"


RETRACTIONS = frozenset({"Delete", "Undo", "Reject", "Remove", "Leave"})
CONTROLS = frozenset({"Follow", "Join", "Accept", "Invite", "Offer", "Block", "Flag", "Move"})
ACCOUNTS = frozenset({"Person", "Service"})  # as whom people post and follow: members, and channels
ACTORS = frozenset({"Person", "Service", "Group", "Organization", "Application"})


def kind_of(activity: str, inner: str = "") -> Kind:
    """The kind of an activity, from its type and the type of its object; a type nobody knows is content.

    An acknowledgement (Accept) or a group's relay (Announce) of a retraction is one itself; an Undo of one brings
    something back and is content (Lemmy restores posts by Undo of Delete). An Update of an actor is control: keys,
    capabilities and attestations change that way.
    """
    if inner in RETRACTIONS:
        return Kind.RETRACTION if activity in {"Accept", "Announce"} else Kind.CONTENT
    if activity in RETRACTIONS:
        return Kind.RETRACTION
    if activity in CONTROLS or (activity == "Update" and inner in ACTORS):
        return Kind.CONTROL
    return Kind.CONTENT


class Profession(NamedTuple):
    """A profession with its labels; `clinician` says whether it counts as one where a rule names no profession."""

    fr: str
    en: str
    clinician: bool = True


class Specialty(NamedTuple):
    """A specialty with its labels."""

    fr: str
    en: str


# Students are professions of their own, and clinicians only where a rule names them.
PROFESSIONS = {
    "physician": Profession("Médecin", "Physician"),
    "pharmacist": Profession("Pharmacien", "Pharmacist"),
    "dentist": Profession("Chirurgien-dentiste", "Dentist"),
    "midwife": Profession("Sage-femme", "Midwife"),
    "nurse": Profession("Infirmier", "Nurse"),
    "physiotherapist": Profession("Masseur-kinésithérapeute", "Physiotherapist"),
    "podiatrist": Profession("Pédicure-podologue", "Podiatrist"),
    "hearing_aid_specialist": Profession("Audioprothésiste", "Hearing aid specialist"),
    "dispensing_optician": Profession("Opticien-lunetier", "Dispensing optician"),
    "dental_assistant": Profession("Assistant dentaire", "Dental assistant"),
    "medical_physicist": Profession("Physicien médical", "Medical physicist"),
    "orthotist_prosthetist": Profession("Orthoprothésiste", "Prosthetist"),
    "pedorthist": Profession("Podo-orthésiste", "Pedorthist"),
    "orthopaedic_fitter": Profession("Orthopédiste-orthésiste", "Orthotist"),
    "ocularist": Profession("Oculariste", "Ocularist"),
    "epithesist": Profession("Épithésiste", "Anaplastologist"),
    "lab_technician": Profession("Technicien de laboratoire médical", "Medical laboratory technician"),
    "speech_therapist": Profession("Orthophoniste", "Speech and language therapist"),
    "orthoptist": Profession("Orthoptiste", "Orthoptist"),
    "occupational_therapist": Profession("Ergothérapeute", "Occupational therapist"),
    "dietitian": Profession("Diététicien", "Dietitian"),
    "psychomotor_therapist": Profession("Psychomotricien", "Psychomotor therapist"),
    "radiographer": Profession("Manipulateur en électroradiologie médicale", "Radiographer"),
    "osteopath": Profession("Ostéopathe", "Osteopath"),
    "psychotherapist": Profession("Psychothérapeute", "Psychotherapist"),
    "chiropractor": Profession("Chiropracteur", "Chiropractor"),
    "psychologist": Profession("Psychologue", "Psychologist"),
    "social_worker": Profession("Assistant de service social", "Social worker"),
    "system_actor": Profession(
        "Acteur du système de santé caractérisé par un rôle", "Health-system actor (by role)", clinician=False
    ),
    "student_physician": Profession("Médecin en formation", "Medical student / trainee physician", clinician=False),
    "student_pharmacist": Profession("Pharmacien en formation", "Pharmacy student", clinician=False),
    "student_dentist": Profession("Chirurgien-dentiste en formation", "Dental student", clinician=False),
    "student_midwife": Profession("Sage-femme en formation", "Midwifery student", clinician=False),
    "nursing_assistant": Profession("Aide-soignant", "Nursing assistant / healthcare assistant"),
    "paramedic": Profession("Ambulancier / paramédic", "Paramedic"),
    "optometrist": Profession("Optométriste", "Optometrist"),
    "genetic_counsellor": Profession("Conseiller en génétique", "Genetic counsellor"),
    "librarian_health": Profession("Documentaliste / bibliothécaire médical", "Health librarian", clinician=False),
    "communication_officer": Profession(
        "Chargé de communication (compte institutionnel)",
        "Communications officer (institution account)",
        clinician=False,
    ),
}

SPECIALTIES = {
    "general-practice": Specialty("Médecine générale", "General practice / family medicine"),
    "cardiology": Specialty("Médecine cardiovasculaire (cardiologie)", "Cardiology"),
    "vascular-medicine": Specialty("Médecine vasculaire", "Vascular medicine"),
    "anaesthesia": Specialty("Anesthésie-réanimation", "Anaesthetics"),
    "intensive-care": Specialty("Médecine intensive-réanimation", "Critical care medicine"),
    "emergency-medicine": Specialty("Médecine d’urgence", "Emergency medicine"),
    "internal-medicine": Specialty("Médecine interne et immunologie clinique", "Internal medicine"),
    "geriatrics": Specialty("Gériatrie", "Geriatric medicine"),
    "neurology": Specialty("Neurologie", "Neurology"),
    "neurosurgery": Specialty("Neurochirurgie", "Neurosurgery"),
    "psychiatry": Specialty("Psychiatrie", "Psychiatry"),
    "child-psychiatry": Specialty("Psychiatrie de l’enfant et de l’adolescent", "Child and adolescent psychiatry"),
    "paediatrics": Specialty("Pédiatrie", "Paediatrics"),
    "neonatology": Specialty("Néonatologie", "Neonatology"),
    "obgyn": Specialty("Gynécologie-obstétrique", "Obstetrics and gynaecology"),
    "medical-gynaecology": Specialty("Gynécologie médicale", "Medical gynaecology"),
    "general-surgery": Specialty("Chirurgie générale", "General surgery"),
    "digestive-surgery": Specialty("Chirurgie viscérale et digestive", "Visceral and digestive surgery"),
    "orthopaedics": Specialty("Chirurgie orthopédique et traumatologique", "Trauma and orthopaedics"),
    "paediatric-surgery": Specialty("Chirurgie pédiatrique", "Paediatric surgery"),
    "plastic-surgery": Specialty("Chirurgie plastique, reconstructrice et esthétique", "Plastic surgery"),
    "cardiothoracic-surgery": Specialty("Chirurgie thoracique et cardiovasculaire", "Cardiothoracic surgery"),
    "vascular-surgery": Specialty("Chirurgie vasculaire", "Vascular surgery"),
    "urology": Specialty("Urologie", "Urology"),
    "maxillofacial-surgery": Specialty("Chirurgie maxillo-faciale", "Oral and maxillofacial surgery"),
    "ent": Specialty("ORL et chirurgie cervico-faciale", "Otolaryngology"),
    "ophthalmology": Specialty("Ophtalmologie", "Ophthalmology"),
    "dermatology": Specialty("Dermatologie et vénéréologie", "Dermatology"),
    "endocrinology": Specialty("Endocrinologie, diabétologie, nutrition", "Endocrinology"),
    "gastroenterology": Specialty("Gastro-entérologie et hépatologie", "Gastroenterology"),
    "nephrology": Specialty("Néphrologie", "Nephrology"),
    "pulmonology": Specialty("Pneumologie", "Pulmonary medicine"),
    "rheumatology": Specialty("Rhumatologie", "Rheumatology"),
    "haematology": Specialty("Hématologie", "Haematology"),
    "medical-oncology": Specialty("Oncologie médicale", "Medical oncology"),
    "radiotherapy": Specialty("Oncologie-radiothérapie", "Radiation oncology"),
    "infectious-diseases": Specialty("Maladies infectieuses et tropicales", "Infectious diseases"),
    "allergology": Specialty("Allergologie", "Allergology"),
    "medical-genetics": Specialty("Génétique médicale", "Clinical genetics"),
    "nuclear-medicine": Specialty("Médecine nucléaire", "Nuclear medicine"),
    "radiology": Specialty("Radiologie et imagerie médicale", "Radiology"),
    "pathology": Specialty("Anatomie et cytologie pathologiques", "Histopathology"),
    "medical-biology": Specialty("Biologie médicale", "Laboratory medicine"),
    "public-health": Specialty("Santé publique", "Public health"),
    "occupational-medicine": Specialty("Médecine du travail", "Occupational medicine"),
    "rehabilitation": Specialty("Médecine physique et de réadaptation", "Rehabilitation medicine"),
    "forensic-medicine": Specialty("Médecine légale et expertises médicales", "Forensic medicine"),
    "palliative-care": Specialty("Médecine palliative", "Palliative medicine"),
    "pain-medicine": Specialty("Médecine de la douleur", "Pain management"),
    "sleep-medicine": Specialty("Médecine du sommeil", "Sleep medicine"),
    "addiction-medicine": Specialty("Addictologie", "Addiction medicine"),
    "sports-medicine": Specialty("Médecine du sport", "Sports medicine"),
    "clinical-pharmacology": Specialty("Pharmacologie clinique", "Clinical pharmacology"),
    "toxicology": Specialty("Toxicologie", "Toxicology"),
    "medical-research": Specialty("Recherche médicale", "Medical research"),
    "stomatology": Specialty("Stomatologie", "Stomatology"),
    "oral-surgery": Specialty("Chirurgie orale", "Oral surgery"),
    "orthodontics": Specialty("Orthopédie dento-faciale", "Orthodontics"),
    "oral-medicine": Specialty("Médecine bucco-dentaire", "Dental medicine"),
    "apn-chronic": Specialty(
        "Pratique avancée : pathologies chroniques stabilisées", "Advanced practice nursing: chronic disease"
    ),
    "apn-oncology": Specialty(
        "Pratique avancée : oncologie et hémato-oncologie", "Advanced practice nursing: oncology"
    ),
    "apn-nephrology": Specialty(
        "Pratique avancée : maladie rénale chronique", "Advanced practice nursing: kidney disease"
    ),
    "apn-mental-health": Specialty("Pratique avancée : santé mentale", "Advanced practice nursing: mental health"),
    "theatre-nurse": Specialty("Infirmier de bloc opératoire", "Operating-theatre nursing"),
    "nurse-anaesthetist": Specialty("Infirmier anesthésiste", "Nurse anaesthetist"),
    "paediatric-nurse": Specialty("Infirmier puériculteur", "Paediatric nursing"),
}

COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166, of practice
CLINICIANS = frozenset(code for code, profession in PROFESSIONS.items() if profession.clinician)
