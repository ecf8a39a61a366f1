"""A short list of words that state a sensitive attribute, by kind: what a rule can see without a model.

The kinds follow what data protection law singles out (GDPR, articles 9 and 10: health, sex life and orientation,
religion, political opinion and trade unions, origin, criminal convictions), with immigration status and violence
suffered. Words for subjects (``religion``, ``politics``, ``medicine``) are left out: many ask about these without its
being about them. The list is English, as names and summaries are, written by hand for this project and not complete:
it is a floor under the judgement of a model and no substitute for it.
"""

from __future__ import annotations

from functools import cache

from clio.text.words import words

KINDS = ("health", "sexuality", "immigration", "crime", "religion", "politics", "origin", "violence")

_LISTED: dict[str, str] = {
    "health": """
        abortion; abortions; addict; addicted; addiction; adhd; agoraphobia; alcoholic; alcoholism; alopecia; alzheimer;
        alzheimer's; amputation; amyloidosis; anaemia; anaemic; anemia; anemic; aneurysm; angina; anorexia; anorexic;
        antidepressant; antipsychotic; antiretroviral; anxiety disorder; arthritis; asperger; asthma; asthmatic; atrial
        fibrillation; autism; autistic; bipolar; borderline personality; breast cancer; bulimia; cancer; celiac;
        chemotherapy; chlamydia; chronic fatigue; chronic illness; chronic pain; cirrhosis; coeliac; colitis; copd;
        crohn; cystic fibrosis; dementia; depressed; depression; depressive; detox; diabetes; diabetic; dialysis;
        disability benefit; dissociative; diverticulitis; down syndrome; drug dependence; dyslexia; eating disorder;
        eczema; emphysema; endometriosis; epilepsy; epileptic; erectile dysfunction; fertility treatment; fibroid;
        fibromyalgia; gallstone; genital; glaucoma; gonorrhea; gonorrhoea; gout; haemophilia; hashimoto; hearing voices;
        heart attack; heart disease; heart failure; hemophilia; hepatitis; herpes; hiv; hiv positive; huntington;
        hypertension; hyperthyroidism; hypothyroidism; ibs; incontinence; incontinent; infertile; infertility; insomnia;
        insulin; intrusive thought; irritable bowel; ivf; kidney disease; kidney stone; leukaemia; leukemia; lupus; lyme
        disease; lymphoma; macular degeneration; malaria; melanoma; menopause; mental breakdown; mental illness;
        migraine; miscarriage; multiple sclerosis; muscular dystrophy; myasthenia; myeloma; narcolepsy; neuropathy;
        obsessive compulsive; ocd; opioid; organ transplant; osteoarthritis; osteoporosis; overdose; palliative;
        pancreatitis; panic attack; panic disorder; paranoia; parkinson; parkinson's; pcos; personality disorder; polio;
        postpartum; pregnancy; pregnant; prostate; psoriasis; psoriatic; psychiatric; psychosis; psychotic; ptsd;
        raynaud; rehab; relapse; rheumatoid; rosacea; sarcoidosis; schizophrenia; schizophrenic; sciatica; scleroderma;
        scoliosis; self harm; self harming; sexually transmitted; sickle cell; sleep apnea; sleep apnoea; sobriety;
        spina bifida; stillbirth; stroke survivor; substance abuse; suicidal; suicide; syphilis; terminal illness;
        terminally ill; thalassaemia; thalassemia; thrombosis; tinnitus; tourette; trauma survivor; tuberculosis; tumor;
        tumour; ulcerative; unplanned pregnancy; vertigo; vitiligo; withdrawal symptom
    """,
    "sexuality": """
        asexual; bisexual; bisexuality; closeted; coming out; cross dressing; escort; extramarital; fetish; gay;
        gender dysphoria; gender identity; gender transition; homosexual; homosexuality; hormone therapy; infidelity;
        intersex; lesbian; lgbt; lgbtq; lgbtq+; non binary; nonbinary; open marriage; polyamorous; polyamory; porn;
        pornography; queer; sex life; sex work; sex worker; sexual orientation; sexuality; trans; transgender;
        transsexual; virginity
    """,
    "immigration": """
        asylum; asylum seeker; citizenship application; daca; deportation; deported; deportee; green card; illegal
        immigrant; illegal immigration; immigrant; immigration; immigration status; migrant; naturalisation;
        naturalization; overstayed; refugee; residence permit; undocumented; visa overstay; work permit
    """,
    "crime": """
        arrested; bail; convict; convicted; criminal charge; criminal conviction; criminal record; ex offender; felon;
        felony; incarcerated; incarceration; inmate; jail; on trial; parole; prison; prisoner; probation officer;
        restraining order; sex offender; shoplifting
    """,
    "religion": """
        apostasy; apostate; atheism; atheist; baptised; baptism; baptized; buddhist; catholic; christian; church
        member; confession of faith; evangelical; ex muslim; faith crisis; hindu; jehovah; jew; jewish; judaism;
        leaving the church; leaving the faith; loss of faith; mormon; mosque; muslim; orthodox jew; parish;
        parishioner; pentecostal; protestant; rabbi; ramadan; scientology; shia; sikh; sunni; synagogue; wiccan
    """,
    "politics": """
        activist; anarchist; antifa; asylum activist; campaign volunteer; communist; dissident; far left; far right;
        fascist; how to vote; labor union; labour union; maga; marxist; neo nazi; opposition party; party member;
        political activism; political affiliation; political asylum; political opinion; political view; protester;
        separatist; strike organiser; strike organizer; trade union; union member; union membership; union organising;
        union organizing; voted for; whistleblower; whistleblowing; white supremacist
    """,
    "origin": """
        aboriginal; biracial; ethnic background; ethnic minority; first nation; genetic ancestry; indigenous people;
        kurdish; mixed race; racial identity; rohingya; roma people; romani; skin color; skin colour; uyghur
    """,
    "violence": """
        abuse survivor; abusive husband; abusive parent; abusive partner; abusive relationship; abusive wife; child
        abuse; domestic abuse; domestic violence; forced marriage; genital mutilation; grooming victim; human
        trafficking; incest; molested; rape; raped; sexual abuse; sexual assault; sexual harassment; stalked; stalker;
        trafficked
    """,
}


def kinds_in(text: str) -> frozenset[str]:
    """The kinds whose words stand in a text, in any letter case, singular or plural."""
    listed, longest = _index()
    # Only the words: punctuation and placeholders between two words of a phrase do not hide it.
    found = [word.key for word in words(text) if word is not None]
    return frozenset(
        kind
        for start in range(len(found))
        for size in range(1, longest + 1)
        for kind in listed.get(tuple(found[start : start + size]), ())
    )


@cache
def _index() -> tuple[dict[tuple[str, ...], frozenset[str]], int]:
    """Kinds by the keys of a listed word or phrase, and how many words the longest has."""
    found: dict[tuple[str, ...], frozenset[str]] = {}
    for kind, entries in _LISTED.items():
        for entry in entries.split(";"):
            key = tuple(word.key for word in words(" ".join(entry.split())) if word is not None)
            found[key] = found.get(key, frozenset()) | {kind}
    return found, max(map(len, found))
