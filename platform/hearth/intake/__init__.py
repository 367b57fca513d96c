"""How families reach the organisation, and what becomes of each request for help.

Referral     somebody asks for help for a mother, or she asks herself; taken down as it was told.
Source       who asked: an authority, a hospital, another mother, herself. Channel: by what way.
Urgency      how soon somebody has to act: at once, within three days, or in the ordinary course.
Decision     accepted (which opens or reopens a family's case), declined with a reason, referred on
             to somebody who can help, or withdrawn by those who asked. It is taken once.
"""
